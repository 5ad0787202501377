/* SPDX-License-Identifier: MIT */
/* The little that a bare image needs of a machine, and what stands for it on the host. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

void print(const char *text);

/* Instructions times CLOCK_HZ / 31.25 MHz, with QEMU's -icount shift=5. Has to be read once in 2**24 ticks. */
uint32_t clock_ticks(void);

#endif
