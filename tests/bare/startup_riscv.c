/* SPDX-License-Identifier: MIT */
/* Start of a bare image on QEMU's RISC-V machine "virt": stack, trap, data, bss, clock. */
#include "semihost.h"

extern uint32_t _sidata, _sdata, _edata, _sbss, _ebss;
int main(void);

#define UNUSED __attribute__((unused)) /* by name */

/* The first three instructions, uncompressed and in one page, are the call; operation and argument are in a0 and a1. */
__attribute__((naked, noinline, aligned(16), section(".text.semihost"))) int semihost(int operation UNUSED,
                                                                                      const void *argument UNUSED) {
    __asm volatile(".option push\n.option norelax\n.option norvc\n"
                   "slli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\nret\n.option pop");
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
