/* SPDX-License-Identifier: MIT */
/* Numbers of the one JSON object that a bare image prints. */
#ifndef JSON_H
#define JSON_H

#include "board.h"

/* A member after the first. */
static inline void print_number(const char *name, uint32_t value) {
    char text[12];
    char *p = text + sizeof text - 1;
    *p = '\0';
    do {
        *--p = (char)('0' + value % 10u);
        value /= 10u;
    } while (value > 0);
    print(", \"");
    print(name);
    print("\": ");
    print(p);
}

#endif
