/* SPDX-License-Identifier: MIT */
/* How long the processor slept and how long it worked: Zephyr's idle thread waits for interrupts. */
#ifndef LIQUID_AUDIO_SLEEP_H
#define LIQUID_AUDIO_SLEEP_H

#include <stdbool.h>
#include <stdint.h>

/* Microseconds asleep since boot; 0 without CONFIG_SCHED_THREAD_USAGE_ALL. */
uint64_t lnn_slept_us(void);
/* CPU cycles awake since boot; 0 without it, too. */
uint64_t lnn_busy_cycles(void);

/*
 * With CONFIG_PM, true holds off the power states that stop the clocks of receivers and serial ports, and
 * false allows them again. Calls nest. Without CONFIG_PM nothing happens.
 */
void lnn_keep_clocks(bool keep);

#endif
