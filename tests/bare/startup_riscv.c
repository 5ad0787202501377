/* SPDX-License-Identifier: MIT */
/* Start of a bare image on QEMU's RISC-V machine "virt": stack, trap, data, bss, clock. */
#include "semihost.h"

extern uint32_t _sidata, _sdata, _edata, _sbss, _ebss;
int main(void);

int semihost(int operation, const void *argument) {
    register int a0 __asm("a0") = operation;
    register const void *a1 __asm("a1") = argument;
    /* these three instructions, uncompressed and in one page, are the call */
    __asm volatile(".option push\n.option norvc\n.balign 16\n"
                   "slli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n.option pop"
                   : "+r"(a0)
                   : "r"(a1)
                   : "memory");
    return a0;
}

/* Instructions so far: CLOCK_HZ is as many as run in a second. */
uint32_t clock_ticks(void) {
    uint32_t now;
    __asm volatile(".option push\n.option arch, +zicsr\ncsrr %0, minstret\n.option pop" : "=r"(now));
    return now;
}

__attribute__((aligned(4), used)) static void trap(void) {
    print("fault\n");
    exit_with(99);
}

__attribute__((used)) static void start(void) {
    for (uint32_t *from = &_sidata, *to = &_sdata; to < &_edata;) {
        *to++ = *from++;
    }
    for (uint32_t *to = &_sbss; to < &_ebss;) {
        *to++ = 0;
    }
    exit_with(main());
}

__attribute__((naked, used, section(".isr_vector"))) void reset(void) {
    __asm volatile(".option push\n.option arch, +zicsr\n"
                   "la sp, _estack\nla t0, trap\ncsrw mtvec, t0\nj start\n.option pop");
}
