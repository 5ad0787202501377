/* SPDX-License-Identifier: MIT */
/* How long the processor slept, and how long it did not: Zephyr's idle thread runs WFI until the next interrupt. */
#ifndef LIQUID_AUDIO_SLEEP_H
#define LIQUID_AUDIO_SLEEP_H

#include <stdbool.h>
#include <stdint.h>

/* Microseconds asleep since boot; 0 without CONFIG_SCHED_THREAD_USAGE_ALL. */
uint64_t lnn_slept_us(void);
/* CPU cycles awake since boot; 0 likewise. */
uint64_t lnn_busy_cycles(void);

/*
 * With CONFIG_PM, holds off the power states that stop the clocks of receivers and serial ports, until it is called
 * as often with false. Calls nest. Nothing without CONFIG_PM.
 */
void lnn_keep_clocks(bool keep);

#endif
