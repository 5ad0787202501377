/*
 * A walk through one section of an untrusted file. The first failure sticks; later calls do nothing.
 */
#ifndef LNN_CURSOR_H
#define LNN_CURSOR_H

#include "internal.h"

typedef struct {
    const uint8_t *file;
    uint32_t at;  /* offset of the next byte, from the start of the file */
    uint32_t end; /* of the section */
    lnn_status_t status;
} lnn_cursor_t;

static inline uint32_t lnn_align_file(uint32_t offset) {
    return (offset + LNN_ALIGN_BYTES - 1u) & ~(uint32_t)(LNN_ALIGN_BYTES - 1u);
}

/* True where the condition holds and nothing has failed before. */
bool lnn_require(lnn_cursor_t *c, bool condition, lnn_status_t status);

/* The next `count` things of `size` bytes at the next multiple of 16; NULL where the section ends before. */
const void *lnn_take(lnn_cursor_t *c, uint32_t count, uint32_t size);

/* The same for numbers: finite and from -limit to limit. */
const float *lnn_take_floats(lnn_cursor_t *c, uint32_t count, float limit);
const int32_t *lnn_take_ints(lnn_cursor_t *c, uint32_t count, int32_t limit);

bool lnn_is_printable_utf8(const char *text, uint32_t n);

/* sections.c */
void lnn_load_section(lnn_model_t *m, lnn_cursor_t *c, const lnn_file_section_t *s);

/* sections_f32.c, sections_s8.c, numbers.c: the sections of either kind of model */
void lnn_load_frontend_none(lnn_model_t *m, lnn_cursor_t *c);
void lnn_load_frontend_f32(lnn_model_t *m, lnn_cursor_t *c);
void lnn_load_frontend_q15(lnn_model_t *m, lnn_cursor_t *c);
void lnn_load_cell_f32(lnn_cursor_t *c, lnn_cell_t *cell);
void lnn_load_cell_s8(lnn_cursor_t *c, lnn_cell_t *cell);
void lnn_load_readout_f32(lnn_model_t *m, lnn_cursor_t *c);
void lnn_load_readout_s8(lnn_model_t *m, lnn_cursor_t *c);

/* What both kinds of a record have in common; the sizes go into the model. */
bool lnn_check_frontend(lnn_model_t *m, lnn_cursor_t *c, uint32_t window_samples, uint32_t fft_points, uint32_t n_mels,
                        uint32_t n_mel_weights);
bool lnn_check_filters(const lnn_model_t *m, lnn_cursor_t *c, const uint16_t *start, const uint16_t *count,
                       uint32_t n_mel_weights);

#endif
