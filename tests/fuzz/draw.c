/* SPDX-License-Identifier: MIT */
#include "draw.h"

#include <math.h>

choices_t choices_from(const uint8_t *bytes, size_t n) {
    choices_t c = {bytes, n, 0, 0x9e3779b97f4a7c15u};
    for (size_t i = 0; i < n; i++) {
        c.state = (c.state ^ bytes[i]) * 0x100000001b3u;
    }
    return c;
}

uint32_t random_bits(choices_t *c) { /* splitmix64 */
    uint64_t z = c->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)(z >> 32);
}

uint32_t choose(choices_t *c, uint32_t below) {
    if (below == 0) {
        return 0;
    }
    uint32_t bytes = below <= 256u ? 1u : below <= 65536u ? 2u : 4u, x = 0;
    if (c->n - c->at < bytes) {
        return (uint32_t)((uint64_t)random_bits(c) * below >> 32);
    }
    for (uint32_t i = 0; i < bytes; i++) {
        x = x << 8 | c->bytes[c->at++];
    }
    return x % below;
}

/* From low to high, small numbers as often as large ones. */
uint32_t choose_size(choices_t *c, uint32_t low, uint32_t high) {
    uint32_t bits = 0;
    while (bits < 31u && (high - low) >> bits > 0) {
        bits++;
    }
    uint32_t top = 1u << choose(c, bits + 1u);
    return low + choose(c, top - 1u < high - low ? top : high - low + 1u);
}

double random_unit(choices_t *c) {
    return (double)random_bits(c) / 4294967295.0;
}

bool is_float(char type) {
    return type == 'f';
}

static void ends_of(char type, double *low, double *high) {
    *low = type == 'b' ? -128.0 : type == 'h' ? -32768.0 : type == 'i' ? -2147483648.0 : 0.0;
    *high = type == 'b'   ? 127.0
            : type == 'B' ? 255.0
            : type == 'h' ? 32767.0
            : type == 'H' ? 65535.0
            : type == 'i' ? 2147483647.0
                          : 4294967295.0;
    if (is_float(type)) {
        *low = -3e38;
        *high = 3e38;
    }
}

/* The range of a field or an array; `value` has the fields that it may depend on. */
void range_of(const item_t *item, const double *value, double *low, double *high) {
    ends_of(item->type, low, high);
    if (item->bounded) {
        *low = item->low_field >= 0 ? value[item->low_field] : item->low;
        *high = item->high_field >= 0 ? value[item->high_field] : item->high;
    }
    if (is_float(item->type)) { /* the file holds floats: no end may round outwards */
        *low = (float)*low;
        *high = (float)*high;
        *low = item->above ? (double)nextafterf((float)*low, INFINITY) : *low;
    }
}

double within(double x, double low, double high) {
    return x < low ? low : x > high ? high : x;
}

double draw_within(choices_t *c, const item_t *item, const double *value) {
    double low, high, x;
    range_of(item, value, &low, &high);
    switch (choose(c, 8)) {
        case 0:
            return low;
        case 1:
            return high;
        case 2:
            x = is_float(item->type) ? (double)nextafterf((float)low, INFINITY) : low + 1.0;
            break;
        case 3:
            x = is_float(item->type) ? (double)nextafterf((float)high, -INFINITY) : high - 1.0;
            break;
        case 4:
        case 5:
            x = low + (high - low) * random_unit(c);
            break;
        default:
            x = ldexp(random_unit(c), (int)choose(c, 64) - 32) * (choose(c, 2) ? 1.0 : -1.0);
            break;
    }
    return within(is_float(item->type) ? (double)(float)x : floor(x), low, high);
}

/* A number that is wrong: just outside the range, or not a number at all, or anything. */
double draw_outside(choices_t *c, const item_t *item, const double *value) {
    double low, high;
    range_of(item, value, &low, &high);
    switch (choose(c, 6)) {
        case 0:
            return is_float(item->type) ? (double)nextafterf((float)low, -INFINITY) : low - 1.0;
        case 1:
            return is_float(item->type) ? (double)nextafterf((float)high, INFINITY) : high + 1.0;
        case 2:
            return is_float(item->type) ? (double)NAN : 0.0;
        case 3:
            return is_float(item->type) ? (double)INFINITY : 1e9;
        case 4:
            return is_float(item->type) ? (double)-INFINITY : -1e9;
        default:
            return (double)random_bits(c);
    }
}
