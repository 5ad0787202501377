/* SPDX-License-Identifier: MIT */
/* ARM semihosting: a program on the virtual board reads and writes the host's files. */
#include <string.h>

#include "virtual_board.h"

enum {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_SEEK = 0x0A,
    SYS_FLEN = 0x0C,
    SYS_TIME = 0x11,
    SYS_GET_CMDLINE = 0x15
};
enum { MODE_READ = 1, MODE_UPDATE = 3, MODE_CREATE = 7 }; /* fopen's "rb", "r+b", "w+b" */

static int32_t semihosting(uint32_t operation, const void *arguments) {
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = arguments;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return (int32_t)r0;
}

static int open_file(const char *path, uint32_t mode) {
    uint32_t arguments[] = {(uint32_t)path, mode, strlen(path)};
    return semihosting(SYS_OPEN, arguments);
}

int virtual_host_open(const char *path) {
    return open_file(path, MODE_READ);
}

int virtual_host_open_for_update(const char *path) {
    int file = open_file(path, MODE_UPDATE);
    return file >= 0 ? file : open_file(path, MODE_CREATE);
}

size_t virtual_host_read(int file, void *data, size_t bytes) {
    uint32_t arguments[] = {(uint32_t)file, (uint32_t)data, bytes};
    int32_t missing = semihosting(SYS_READ, arguments);
    return missing < 0 || (size_t)missing > bytes ? 0 : bytes - (size_t)missing;
}

void virtual_host_write(int file, const void *data, size_t bytes) {
    uint32_t arguments[] = {(uint32_t)file, (uint32_t)data, bytes};
    semihosting(SYS_WRITE, arguments);
}

bool virtual_host_seek(int file, uint32_t position) {
    uint32_t arguments[] = {(uint32_t)file, position};
    return semihosting(SYS_SEEK, arguments) >= 0;
}

uint32_t virtual_host_size(int file) {
    uint32_t arguments[] = {(uint32_t)file};
    int32_t bytes = semihosting(SYS_FLEN, arguments);
    return bytes < 0 ? 0 : (uint32_t)bytes;
}

void virtual_host_close(int file) {
    uint32_t arguments[] = {(uint32_t)file};
    semihosting(SYS_CLOSE, arguments);
}

uint32_t virtual_host_time(void) {
    return (uint32_t)semihosting(SYS_TIME, NULL);
}

const char *virtual_host_audio(char *text, size_t bytes) {
    uint32_t arguments[] = {(uint32_t)text, bytes};
    const char *space = semihosting(SYS_GET_CMDLINE, arguments) >= 0 ? strchr(text, ' ') : NULL;
    return space == NULL ? "" : space + 1;
}
