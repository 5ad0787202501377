/* SPDX-License-Identifier: MIT */
/*
 * Matrix times vector: weights int8 or int16, numbers int16, sums int32, exact in every backend.
 *
 * No overflow, whatever is summed first. int8: |weight| <= 127 (checked at load), |number| <= 2**15, at
 * most 512 columns: the sum of a row stays below 127 * 2**15 * 512 < 2**31. int16: no number exceeds
 * LNN_MAX_NUMBER, and the magnitudes of a row's weights add up to at most LNN_MAX_INT16_ROW (checked at
 * load): by the triangle inequality every partial sum is at most 65795 * 32639 < 2**31.
 */
#ifndef LNN_MATVEC_S8_H
#define LNN_MATVEC_S8_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__ARM_FEATURE_MVE)
#define LNN_MATVEC_MVE
#endif
#if defined(__ARM_FEATURE_SIMD32) && defined(__thumb2__)
#define LNN_MATVEC_DSP
#elif defined(__ARM_ARCH_6M__)
#define LNN_MATVEC_V6M
#endif

/* The layouts stand in format/SPEC.md. */
typedef struct {
    const void *weights;    /* int8_t or int16_t */
    const uint8_t *counts;  /* (n_groups) rows4x4_sparse: blocks of each group */
    const uint8_t *columns; /* rows4x4_sparse: first column over 4 of each block */
    uint16_t n_groups;      /* of four rows */
    uint16_t n_columns;     /* of x, filled up to a multiple of 8 with zeros */
    uint8_t layout;
    bool wide;              /* int16; its layouts are rows4x4 and rows4x4_sparse */
} lnn_matrix_t;

/* Blocks of sixteen weights that a dense matrix has in the file. */
uint32_t lnn_matrix_blocks(uint32_t layout, uint32_t n_groups, uint32_t n_columns);

/* sums (4 * n_groups); x aligned to 4; spare: 2 * n_columns bytes aligned to 4 that may be overwritten. */
void lnn_matvec(const lnn_matrix_t *m, const int16_t *x, int32_t *sums, void *spare);

/* Changes of four neighbouring columns. */
typedef struct {
    uint32_t offset; /* of their first sixteen weights within a group's, in bytes */
    int16_t delta[4];
} lnn_delta_s8_t;

/* Adds the changes' products to the sums (4 * n_groups); int8, layout rows4x4, n > 0. */
void lnn_matvec_s8_add(const lnn_matrix_t *m, const lnn_delta_s8_t *changes, uint32_t n, int32_t *sums);

/* sums = offset + (sums * scale >> 32) + (more * more_scale >> 32), n of each, n even. */
void lnn_scale_sums(int32_t *sums, const int32_t *offset, const int32_t *scale, const int32_t *more,
                    const int32_t *more_scale, uint32_t n);

/* matvec_s16.c */
void lnn_matvec_s16(const lnn_matrix_t *m, const int16_t *x, int32_t *sums);
/* matvec_s8_arm.c */
void lnn_rows4x4_asm(const int8_t *w, const int16_t *x, uint32_t n_groups, uint32_t n_fours, int32_t *sums);
void lnn_rows4x4_sparse_asm(const int8_t *w, const int16_t *x, const uint8_t *columns, const uint8_t *counts,
                            uint32_t n_groups, int32_t *sums);
void lnn_rows4x4_add_asm(const int8_t *w, const lnn_delta_s8_t *changes, const lnn_delta_s8_t *end, uint32_t n_groups,
                         int32_t *sums, uint32_t group_bytes);
/* matvec_s8_mve.c */
void lnn_rows4x16_mve(const int8_t *w, const int16_t *x, uint32_t n_groups, uint32_t n_columns, int32_t *sums,
                      uint8_t *split);

#endif
