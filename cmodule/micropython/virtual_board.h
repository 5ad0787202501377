/* A board that QEMU plays: its clock counts instructions, its microphone and disk are the host's. */
#ifndef LIQUID_VIRTUAL_BOARD_H
#define LIQUID_VIRTUAL_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIRTUAL_TICKS_PER_SECOND 25000000u

/* 40 ns ticks since the start, not counting the time spent waiting for the host at the console. */
uint64_t virtual_clock_ticks(void);
/* Of these, ticks slept away in virtual_clock_sleep_until(): the rest, times 1.25, are executed instructions. */
uint64_t virtual_clock_slept(void);
/* Sleeps (WFI) until the tick; returns early when an exception is pending. */
void virtual_clock_sleep_until(uint64_t tick);

/* ARM semihosting: the host's files. Negative or NULL results are errors. */
#define VIRTUAL_PATH_BYTES 512
int virtual_host_open(const char *path);
int virtual_host_open_for_update(const char *path); /* created if it is missing */
size_t virtual_host_read(int file, void *data, size_t bytes); /* bytes read */
void virtual_host_write(int file, const void *data, size_t bytes);
bool virtual_host_seek(int file, uint32_t position);
uint32_t virtual_host_size(int file);
void virtual_host_close(int file);
/* The file that the microphone hears, from QEMU's command line "firmware FILE"; "" if there is none. text: a buffer. */
const char *virtual_host_audio(char *text, size_t bytes);

#endif
