/* SPDX-License-Identifier: MIT */
/* What the sample asks of the machine it runs on. platform_host.c has it for a computer. */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Waits for up to n samples, 16-bit mono at the rate of the model; gives how many there are, and 0 at the end. */
size_t platform_microphone(int16_t *block, size_t n);

/* One line for people. */
void platform_say(const char *text);

void platform_lamp(bool on);

#endif
