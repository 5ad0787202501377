/* SPDX-License-Identifier: MIT */
/* QEMU's semihosting, the same on Cortex-M and RISC-V but for the instruction that calls it. */
#ifndef SEMIHOST_H
#define SEMIHOST_H

#include "board.h"

/* In the startup file of the core. */
int semihost(int operation, const void *argument);

void exit_with(int status);

#endif
