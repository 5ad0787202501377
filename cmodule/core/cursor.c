/* SPDX-License-Identifier: MIT */
/* Checks that every section of a file needs. */
#include "cursor.h"

static bool fail(lnn_cursor_t *c, lnn_status_t status) {
    if (c->status == LNN_OK) {
        c->status = status;
    }
    return false;
}

bool lnn_require(lnn_cursor_t *c, bool condition, lnn_status_t status) {
    return condition ? c->status == LNN_OK : fail(c, status);
}

const uint8_t *lnn_peek(const lnn_cursor_t *c, uint32_t n) {
    return n <= c->end - c->at ? c->file + c->at : NULL;
}

const void *lnn_take(lnn_cursor_t *c, uint32_t count, uint32_t size) {
    uint32_t start = lnn_align_file(c->at);
    if (c->status != LNN_OK) {
        return NULL;
    }
    for (uint32_t i = c->at; i < start && i < c->end; i++) {
        if (c->file[i] != 0) {
            fail(c, LNN_ERR_PADDING);
            return NULL;
        }
    }
    if (start > c->end || (uint64_t)count * size > c->end - start) {
        fail(c, LNN_ERR_SHAPE);
        return NULL;
    }
    c->at = start + count * size;
    return c->file + start;
}

/* Finite without the library's isfinite, which a freestanding build may lack. */
static bool is_finite(float x) {
    return x - x == 0.0f;
}

const float *lnn_take_floats(lnn_cursor_t *c, uint32_t count, float limit) {
    const float *x = lnn_take(c, count, sizeof *x);
    for (uint32_t i = 0; x && i < count; i++) {
        if (!is_finite(x[i]) || x[i] < -limit || x[i] > limit) {
            fail(c, LNN_ERR_NUMBER);
            return NULL;
        }
    }
    return x;
}

const int32_t *lnn_take_ints(lnn_cursor_t *c, uint32_t count, int32_t limit) {
    const int32_t *x = lnn_take(c, count, sizeof *x);
    for (uint32_t i = 0; x && i < count; i++) {
        if (x[i] < -limit || x[i] > limit) {
            fail(c, LNN_ERR_NUMBER);
            return NULL;
        }
    }
    return x;
}

bool lnn_is_printable_utf8(const char *text, uint32_t n) {
    const uint8_t *s = (const uint8_t *)text;
    for (uint32_t i = 0; i < n;) {
        uint8_t lead = s[i];
        uint32_t more = lead < 0x80u   ? 0u
                        : lead < 0xc2u ? n
                        : lead < 0xe0u ? 1u
                        : lead < 0xf0u ? 2u
                        : lead < 0xf5u ? 3u
                                       : n;
        if (more > n - i - 1u || lead < 0x20u || lead == 0x7fu) {
            return false;
        }
        for (uint32_t k = 1; k <= more; k++) {
            uint8_t low = k > 1 ? 0x80u : lead == 0xe0u ? 0xa0u : lead == 0xf0u ? 0x90u : 0x80u;
            uint8_t high = k > 1 ? 0xbfu : lead == 0xedu ? 0x9fu : lead == 0xf4u ? 0x8fu : 0xbfu;
            if (s[i + k] < low || s[i + k] > high) {
                return false;
            }
        }
        i += more + 1u;
    }
    return true;
}
