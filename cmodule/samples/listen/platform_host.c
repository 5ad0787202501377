/* SPDX-License-Identifier: MIT */
/* A computer: raw audio from stdin, words to stdout. */
#include <stdio.h>

#include "platform.h"

size_t platform_microphone(int16_t *block, size_t n) {
    return fread(block, sizeof *block, n, stdin);
}

void platform_say(const char *text) {
    puts(text);
}

void platform_lamp(bool on) {
    puts(on ? "the lamp is on" : "the lamp is off");
}
