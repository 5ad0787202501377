/* How long the processor slept, and how long it did not: Zephyr's idle thread runs WFI until the next interrupt. */
#ifndef LIQUID_AUDIO_SLEEP_H
#define LIQUID_AUDIO_SLEEP_H

#include <stdint.h>

/* Microseconds asleep since boot; 0 without CONFIG_SCHED_THREAD_USAGE_ALL. */
uint64_t lnn_slept_us(void);
/* CPU cycles awake since boot; 0 likewise. */
uint64_t lnn_busy_cycles(void);

#endif
