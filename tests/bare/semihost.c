/* SPDX-License-Identifier: MIT */
#include "semihost.h"

#include <string.h>

enum { SYS_OPEN = 0x01, SYS_WRITE0 = 0x04, SYS_WRITE = 0x05, SYS_READ = 0x06, SYS_EXIT_EXTENDED = 0x20 };
enum { MODE_RB = 1, MODE_WB = 5 };

void print(const char *text) {
    semihost(SYS_WRITE0, text);
}

void exit_with(int status) {
    const uint32_t block[2] = {0x20026u, (uint32_t)status}; /* ADP_Stopped_ApplicationExit */
    semihost(SYS_EXIT_EXTENDED, block);
    for (;;) {
    }
}

int open_file(const char *path, bool writing) {
    const uint32_t block[3] = {(uint32_t)(uintptr_t)path, writing ? MODE_WB : MODE_RB, (uint32_t)strlen(path)};
    return semihost(SYS_OPEN, block);
}

uint32_t read_file(int file, void *to, uint32_t bytes) {
    const uint32_t block[3] = {(uint32_t)file, (uint32_t)(uintptr_t)to, bytes};
    return bytes - (uint32_t)semihost(SYS_READ, block); /* it gives what is missing */
}

void write_file(int file, const void *from, uint32_t bytes) {
    const uint32_t block[3] = {(uint32_t)file, (uint32_t)(uintptr_t)from, bytes};
    if (semihost(SYS_WRITE, block) != 0) {
        print("cannot write\n");
    }
}
