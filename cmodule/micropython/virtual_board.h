/* SPDX-License-Identifier: MIT */
/* A board that QEMU plays: its clock counts instructions, and its microphone and disk are files of the host. */
#ifndef LIQUID_VIRTUAL_BOARD_H
#define LIQUID_VIRTUAL_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "py/obj.h"

#define VIRTUAL_TICKS_PER_SECOND 25000000u

/* Ticks of 40 ns since the start, without the time spent waiting for the host at the console. */
uint64_t virtual_clock_ticks(void);
/* The ticks spent asleep in virtual_clock_sleep_until(). All other ticks, times 1.25, are executed instructions. */
uint64_t virtual_clock_slept(void);
/* Sleeps (WFI) until the tick. Returns early if an exception is pending. */
void virtual_clock_sleep_until(uint64_t tick);

/* Restarts the board as its reset button does. Files stay, and so do QEMU and its port. */
__attribute__((noreturn)) void virtual_reset(void);

/* virtual_rtc.c: machine.RTC, and the wall clock in seconds since 1970. */
extern const mp_obj_type_t virtual_rtc_type;
uint32_t virtual_rtc_seconds(void);

/* The host's files, by ARM semihosting. A negative result is an error. */
#define VIRTUAL_PATH_BYTES 512
int virtual_host_open(const char *path);
int virtual_host_open_for_update(const char *path); /* created if it is missing */
size_t virtual_host_read(int file, void *data, size_t bytes); /* bytes read */
void virtual_host_write(int file, const void *data, size_t bytes);
bool virtual_host_seek(int file, uint32_t position);
uint32_t virtual_host_size(int file);
void virtual_host_close(int file);
uint32_t virtual_host_time(void); /* seconds since 1970 */
/* The file that the microphone hears, from QEMU's command line "firmware FILE"; "" if there is none. text: a buffer. */
const char *virtual_host_audio(char *text, size_t bytes);

#endif
