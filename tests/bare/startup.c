/* SPDX-License-Identifier: MIT */
/* Start of a bare image on QEMU's Cortex-M machines: vectors, FPU, data, bss, clock. */
#include "semihost.h"

#define SYSTICK_CTRL (*(volatile uint32_t *)0xe000e010u)
#define SYSTICK_LOAD (*(volatile uint32_t *)0xe000e014u)
#define SYSTICK_VALUE (*(volatile uint32_t *)0xe000e018u)
#define TICKS_MASK 0xffffffu
#define CPACR (*(volatile uint32_t *)0xe000ed88u)

extern uint32_t _estack, _sidata, _sdata, _edata, _sbss, _ebss;
int main(void);

int semihost(int operation, const void *argument) {
    register int r0 __asm("r0") = operation;
    register const void *r1 __asm("r1") = argument;
    __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void fault(void) {
    print("fault\n");
    exit_with(99);
}

/* SysTick counts down in 24 bits on every Cortex-M; here its turns add up. */
uint32_t clock_ticks(void) {
    static uint32_t last, total;
    uint32_t now = SYSTICK_VALUE;
    total += (last - now) & TICKS_MASK;
    last = now;
    return total;
}

void reset(void) {
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    CPACR |= 0xfu << 20; /* coprocessors 10 and 11 on */
    __asm volatile("dsb\nisb");
#endif
    for (uint32_t *from = &_sidata, *to = &_sdata; to < &_edata;) {
        *to++ = *from++;
    }
    for (uint32_t *to = &_sbss; to < &_ebss;) {
        *to++ = 0;
    }
    SYSTICK_LOAD = TICKS_MASK;
    SYSTICK_VALUE = 0;
    SYSTICK_CTRL = 5; /* on, processor clock */
    exit_with(main());
}

__attribute__((section(".isr_vector"), used)) static void *const vectors[16] = {
    &_estack, (void *)reset, (void *)fault, (void *)fault, (void *)fault, (void *)fault, (void *)fault,
};
