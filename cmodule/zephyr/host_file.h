/* SPDX-License-Identifier: MIT */
/*
 * A wav file of the host, for the emulated microphone: host_file_semihost.c on QEMU's machines,
 * host_file_native.c on native_sim, where it is compiled with the host's C library.
 */
#ifndef LIQUID_AUDIO_HOST_FILE_H
#define LIQUID_AUDIO_HOST_FILE_H

#include <stddef.h>
#include <stdint.h>

/* Returns a handle, or a negative number if the host has no such file. */
long lnn_host_open(const char *path);
void lnn_host_close(long file);
/* Returns 0, or a negative number if the file does not hold all these bytes. */
int lnn_host_read_at(long file, uint32_t offset, void *data, size_t bytes);
uint32_t lnn_host_bytes(long file);

/* The path of the wav that the virtual board's command line names, or NULL if it names none. */
const char *lnn_host_argument(void);

#endif
