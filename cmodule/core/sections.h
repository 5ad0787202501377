/* SPDX-License-Identifier: MIT */
/* The sections of a file: each loader checks one section and points the model at it. */
#ifndef LNN_SECTIONS_H
#define LNN_SECTIONS_H

#include "cursor.h"
#include "internal.h"

/* sections.c */
void lnn_load_section(lnn_model_t *m, lnn_cursor_t *c, const lnn_file_section_t *s);

/* load_frontend.c, load_cell.c, load_readout.c */
void lnn_load_frontend(lnn_model_t *m, lnn_cursor_t *c);
void lnn_load_traces(lnn_model_t *m, lnn_cursor_t *c);
void lnn_load_cell(lnn_model_t *m, lnn_cursor_t *c, uint32_t index);
void lnn_load_rhythm(lnn_model_t *m, lnn_cursor_t *c);
void lnn_load_readout(lnn_model_t *m, lnn_cursor_t *c, bool is_liquid);

/* load_matrix.c */
bool lnn_is_integer(uint32_t weight);
bool lnn_is_dense(uint32_t weight, uint32_t layout);
void lnn_load_matrix(lnn_cursor_t *c, lnn_matrix_t *m, uint32_t weight, uint32_t layout, uint32_t n_rows,
                     uint32_t n_columns, uint32_t n_blocks);

#endif
