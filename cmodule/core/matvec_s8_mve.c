/*
 * The product for layout rows4x16 on MVE. A 16-bit number is split into two signed bytes, so that one
 * instruction does sixteen products with one of them:
 *
 *     x = 256 high + low, low from -128 to 127, high = (x + 128) >> 8
 *
 * high fits a byte because no number exceeds LNN_NUMBER_LIMIT: features are clipped there, states by the
 * limit of lnn_tanh_q30.
 */
#include "matvec_s8.h"

#if defined(LNN_MATVEC_MVE)

/* split: of each sixteen columns sixteen bytes low, then sixteen high; the last eight columns stay whole. */
static void split_bytes(const int16_t *x, uint32_t n_columns, uint8_t *split) {
    uint32_t column = 0;
    for (; n_columns - column >= 16u; column += 16u, split += 32) {
        for (uint32_t i = 0; i < 16u; i++) {
            split[i] = (uint8_t)x[column + i];
            split[16u + i] = (uint8_t)((x[column + i] + 128) >> 8);
        }
    }
    for (; column < n_columns; column++, split += 2) {
        split[0] = (uint8_t)x[column];
        split[1] = (uint8_t)(x[column] >> 8);
    }
}

/* Four rows of sixteen columns; q0 low bytes, q1 high bytes; sums of low bytes in r0 r4 r8 r12, of high in r2 r6 r10 lr. */
#define ROW(op, low_sum, high_sum, low, high)             \
    "vldrb.u8 q2, [r1], #16\n"                            \
    op " " low_sum ", q2, " low "\n"                      \
    op " " high_sum ", q2, " high "\n"
#define FOUR_ROWS(op, low, high)       \
    ROW(op, "r0", "r2", low, high)     \
    ROW(op, "r4", "r6", low, high)     \
    ROW(op, "r8", "r10", low, high)    \
    ROW(op, "r12", "lr", low, high)

#define TAIL_ROW(sum)                 \
    "vldrb.s16 q2, [r1], #8\n"        \
    "vmladava.s16 " sum ", q2, q5\n"

/*
 * r1 w, r3 split x behind its first block, r5 where to go after the blocks, r7 where to enter their
 * chain (56 bytes a block: as many run as there are), r9 groups, r11 sums. q3, q4: the first block of
 * x, q5 its last eight columns, all loaded once. Stack: 0 r3's start.
 */
__asm(
    ".section .text.lnn_mve_groups, \"ax\", %progbits\n"
    ".syntax unified\n.thumb\n.balign 4\n"
    ".global lnn_mve_groups\n.thumb_func\n"
    ".type lnn_mve_groups, %function\n"
    "lnn_mve_groups:\n" /* r0 w, r1 split, r2 groups, r3 chain blocks; stack: sums, pointer to the tail or 0 */
    "push {r4-r11, lr}\n"
    "vpush {d8-d11}\n"
    "ldr r11, [sp, #68]\n"
    "ldr r4, [sp, #72]\n"
    "vldrb.u8 q3, [r1]\n"
    "vldrb.u8 q4, [r1, #16]\n"
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
    "movs r6, #56\n"
    "mul r6, r3, r6\n"
    "adr r7, 3f\n"
    "sub r7, r7, r6\n"
    "adds r7, r7, #1\n"
    "b 2f\n"
    ".balign 4\n"
    ".rept 31\n"
    "vldrb.u8 q0, [r3], #16\n"
    "vldrb.u8 q1, [r3], #16\n"
    FOUR_ROWS("vmladava.s8", "q0", "q1")
    ".endr\n"
    "3:\n"
    "bx r5\n"
    ".balign 4\n"
    "4:\n"
    TAIL_ROW("r0")
    TAIL_ROW("r4")
    TAIL_ROW("r8")
    TAIL_ROW("r12")
    "5:\n"
    "add r0, r0, r2, lsl #8\n"
    "add r4, r4, r6, lsl #8\n"
    "add r8, r8, r10, lsl #8\n"
    "add r12, r12, lr, lsl #8\n"
    "strd r0, r4, [r11], #8\n"
    "strd r8, r12, [r11], #8\n"
    "subs r9, r9, #1\n"
    "beq 6f\n"
    "2:\n"
    "ldr r3, [sp]\n"
    FOUR_ROWS("vmladav.s8", "q3", "q4")
    "bx r7\n"
    "6:\n"
    "pop {r6, r7}\n"
    "vpop {d8-d11}\n"
    "pop {r4-r11, pc}\n"
    ".size lnn_mve_groups, . - lnn_mve_groups\n.text\n");

void lnn_mve_groups(const int8_t *w, const uint8_t *split, uint32_t n_groups, uint32_t n_chain, int32_t *sums,
    const uint8_t *tail);

void lnn_rows4x16_mve(const int8_t *w, const int16_t *x, uint32_t n_groups, uint32_t n_columns, int32_t *sums,
    uint8_t *split) {
    uint32_t blocks = n_columns / 16u;
    split_bytes(x, n_columns, split);
    lnn_mve_groups(w, split, n_groups, blocks - 1u, sums, n_columns % 16u ? split + 32u * blocks : 0);
}

#endif
