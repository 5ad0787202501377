/* SPDX-License-Identifier: MIT */
/*
 * The product for layout rows4x16 on MVE. A 16-bit number is split into two signed bytes, so that one
 * instruction does sixteen products with one of them:
 *
 *     x = 256 high + low, low from -128 to 127, high = (x + 128) >> 8
 *
 * high fits a byte because no number exceeds LNN_MAX_NUMBER: features are clipped there, states by the
 * limit of lnn_tanh_q30.
 */
#include "matvec_s8.h"

#if defined(LNN_MATVEC_MVE)

#include <arm_mve.h>

/*
 * split: of each sixteen columns sixteen bytes low, then sixteen high: (x + 128) >> 8 is the high byte,
 * plus one where the low byte, seen as signed, is negative.
 */
static void split_bytes(const int16_t *x, uint32_t n_blocks, uint8_t *split) {
    for (; n_blocks > 0; n_blocks--, x += 16, split += 32) {
        uint8x16x2_t bytes = vld2q_u8((const uint8_t *)x);
        vst1q_u8(split, bytes.val[0]);
        vst1q_u8(split + 16, vaddq_u8(bytes.val[1], vshrq_n_u8(bytes.val[0], 7)));
    }
}

/* Four rows of sixteen columns; q0 low bytes, q1 high bytes; sums of low bytes in r0 r4 r8 r12, of high in r2 r6 r10 lr. */
#define ROW(op, low_sum, high_sum, low, high)                                                                          \
    "vldrb.u8 q2, [r1], #16\n" op " " low_sum ", q2, " low "\n" op " " high_sum ", q2, " high "\n"
#define FOUR_ROWS(op, low, high)                                                                                       \
    ROW(op, "r0", "r2", low, high)                                                                                     \
    ROW(op, "r4", "r6", low, high)                                                                                     \
    ROW(op, "r8", "r10", low, high)                                                                                    \
    ROW(op, "r12", "lr", low, high)

/* Where a bx jumps to. With -mbranch-protection=bti a core wants a landing pad there: the instruction BTI. */
#if defined(__ARM_FEATURE_BTI_DEFAULT)
#define LANDING ".inst.w 0xf3af800f\n"
#define CHAIN_BYTES "60"
#else
#define LANDING ""
#define CHAIN_BYTES "56"
#endif

#define TAIL_ROW(sum)                                                                                                  \
    "vldrb.s16 q2, [r1], #8\n"                                                                                         \
    "vmladava.s16 " sum ", q2, q5\n"

/*
 * r1 w, r3 split x behind its first block, r5 where to go after the blocks, r7 where to enter their
 * chain (CHAIN_BYTES for each block, 8 less for the last: as many run as there are), r9 groups, r11 sums. Loaded once: q3
 * and q4 the first block of x, q6 and q7 its last, q5 its last eight columns. Stack: 0 r3's start.
 */
__asm(".section .text.lnn_mve_groups, \"ax\", %progbits\n"
      ".syntax unified\n.thumb\n.balign 4\n"
      ".global lnn_mve_groups\n.thumb_func\n"
      ".type lnn_mve_groups, %function\n"
      "lnn_mve_groups:\n" /* r0 w, r1 split, r2 groups, r3 chain blocks; stack: sums, pointer to the tail or 0 */
      "push {r4-r11, lr}\n"
      "vpush {d8-d15}\n"
      "ldr r11, [sp, #100]\n"
      "ldr r4, [sp, #104]\n"
      "vldrb.u8 q3, [r1]\n"
      "vldrb.u8 q4, [r1, #16]\n"
      "add r6, r1, r3, lsl #5\n"
      "vldrb.u8 q6, [r6]\n"
      "vldrb.u8 q7, [r6, #16]\n"
      "add r6, r1, #32\n"
      "push {r6, r7}\n"
      "mov r1, r0\n"
      "mov r9, r2\n"
      "adr r5, 5f\n"
      "cbz r4, 1f\n"
      "vldrh.s16 q5, [r4]\n"
      "adr r5, 4f\n"
      "1:\n"
      "adds r5, r5, #1\n"
      "movs r6, #" CHAIN_BYTES "\n"
      "mul r6, r3, r6\n"
      "cbz r6, 1f\n"
      "subs r6, r6, #8\n"
      "1:\n"
      "adr r7, 3f\n"
      "sub r7, r7, r6\n"
      "adds r7, r7, #1\n"
      "b 2f\n"
      ".balign 4\n"
      ".rept 30\n" LANDING "vldrb.u8 q0, [r3], #16\n"
      "vldrb.u8 q1, [r3], #16\n" FOUR_ROWS("vmladava.s8", "q0", "q1") ".endr\n" LANDING FOUR_ROWS(
          "vmladava.s8", "q6", "q7") "3:\n" LANDING "bx r5\n"
                                     ".balign 4\n"
                                     "4:\n" LANDING TAIL_ROW("r0") TAIL_ROW("r4") TAIL_ROW("r8")
                                         TAIL_ROW("r12") "5:\n" LANDING "add r0, r0, r2, lsl #8\n"
                                                         "add r4, r4, r6, lsl #8\n"
                                                         "add r8, r8, r10, lsl #8\n"
                                                         "add r12, r12, lr, lsl #8\n"
                                                         "stmia r11!, {r0, r4, r8, r12}\n"
                                                         "subs r9, r9, #1\n"
                                                         "beq 6f\n"
                                                         "2:\n"
                                                         "ldr r3, [sp]\n" FOUR_ROWS(
                                                             "vmladav.s8", "q3",
                                                             "q4") "bx r7\n"
                                                                   "6:\n"
                                                                   "pop {r6, r7}\n"
                                                                   "vpop {d8-d15}\n"
                                                                   "pop {r4-r11, pc}\n"
                                                                   ".size lnn_mve_groups, . - lnn_mve_groups\n.text\n");

void lnn_mve_groups(const int8_t *w, const uint8_t *split, uint32_t n_groups, uint32_t n_chain, int32_t *sums,
                    const int16_t *tail);

void lnn_rows4x16_mve(const int8_t *w, const int16_t *x, uint32_t n_groups, uint32_t n_columns, int32_t *sums,
                      uint8_t *split) {
    uint32_t blocks = n_columns / 16u;
    split_bytes(x, blocks, split);
    lnn_mve_groups(w, split, n_groups, blocks - 1u, sums, n_columns % 16u ? x + 16u * blocks : 0);
}

#endif
