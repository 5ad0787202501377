/* SPDX-License-Identifier: MIT */
/* The little that a bare image needs of a machine, and what stands for it on the host. */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stdint.h>

void print(const char *text);

/* Files of the host; the result is a handle, below 0 if there is no such file. */
int open_file(const char *path, bool writing);
uint32_t read_file(int file, void *to, uint32_t bytes); /* how many there were */
void write_file(int file, const void *from, uint32_t bytes);

/* Instructions times CLOCK_HZ / 31.25 MHz, with QEMU's -icount shift=5. Has to be read once in 2**24 ticks. */
uint32_t clock_ticks(void);

#endif
