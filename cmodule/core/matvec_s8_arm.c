/* SPDX-License-Identifier: MIT */
/* Products of matvec_s8.h in assembly, for no compiler keeps all that they need in registers. */
#include "matvec_s8.h"

#define FUNCTION(name)                                                                                                 \
    ".section .text." name ", \"ax\", %progbits\n"                                                                     \
    ".syntax unified\n.thumb\n.balign 4\n"                                                                             \
    ".global " name "\n.thumb_func\n"                                                                                  \
    ".type " name ", %function\n" name ":\n"
#define END(name) ".size " name ", . - " name "\n.text\n"

#if defined(LNN_MATVEC_DSP)

/* lr and the weights' own register become pairs; each pair feeds one dual multiply-accumulate. */
#define ROW(sum, weights)                                                                                              \
    "sxtb16 lr, " weights "\n"                                                                                         \
    "sxtb16 " weights ", " weights ", ror #8\n"                                                                        \
    "smlad " sum ", lr, r11, " sum "\n"                                                                                \
    "smlad " sum ", " weights ", r12, " sum "\n"

#define ROWS                                                                                                           \
    ROW("r3", "r7")                                                                                                    \
    ROW("r4", "r8")                                                                                                    \
    ROW("r5", "r9")                                                                                                    \
    ROW("r6", "r10")

#define BLOCK "ldmia r0!, {r7-r10}\n" ROWS

#define NEXT_FOUR "ldrd r11, r12, [r1], #8\n" BLOCK

/* The first of a group: its sums start here. No instruction of a four changes the flags. */
#define FIRST_ROW(sum, weights)                                                                                        \
    "sxtb16 lr, " weights "\n"                                                                                         \
    "sxtb16 " weights ", " weights ", ror #8\n"                                                                        \
    "smuad " sum ", lr, r11\n"                                                                                         \
    "smlad " sum ", " weights ", r12, " sum "\n"
#define FIRST_FOUR                                                                                                     \
    "ldrd r11, r12, [r1], #8\n"                                                                                        \
    "ldmia r0!, {r7-r10}\n" FIRST_ROW("r3", "r7") FIRST_ROW("r4", "r8") FIRST_ROW("r5", "r9") FIRST_ROW("r6", "r10")

#define CLEAR_SUMS "movs r3, #0\nmovs r4, #0\nmovs r5, #0\nmovs r6, #0\n"

/* Stores the sums at the pointer at sp + 48 and moves it; counts the groups at sp + `groups` down. */
#define END_OF_GROUP(groups, sums)                                                                                     \
    "ldr r7, [sp, #" sums "]\n"                                                                                        \
    "stmia r7!, {r3-r6}\n"                                                                                             \
    "str r7, [sp, #" sums "]\n"                                                                                        \
    "ldr r7, [sp, #" groups "]\n"                                                                                      \
    "subs r7, r7, #1\n"                                                                                                \
    "str r7, [sp, #" groups "]\n"

/* r0 w, r1 x, r2 end of the group's w; r3 to r6 sums; r7 to r10 weights; r11, r12 numbers.
 * After the first four of a group one, two, and then four at a time, by the bits of what is left.
 * Stack: 0 x, 4 groups, 8 fours after the first, 48 sums. */
__asm(FUNCTION("lnn_rows4x4_asm") "subs r3, r3, #1\n"
                                  "push {r1-r11, lr}\n"
                                  "1:\n"
                                  "ldr r1, [sp, #0]\n"
                                  "ldr r7, [sp, #8]\n"
                                  "add r2, r0, r7, lsl #4\n"
                                  "add r2, r2, #16\n"
                                  "lsls r7, r7, #31\n" /* N: one left over, C: two */
      FIRST_FOUR "bpl 2f\n" NEXT_FOUR "2:\n"
                                  "bcc 3f\n" NEXT_FOUR NEXT_FOUR "3:\n"
                                  "cmp r0, r2\n"
                                  "bhs 5f\n"
                                  "4:\n" NEXT_FOUR NEXT_FOUR NEXT_FOUR NEXT_FOUR "cmp r0, r2\n"
                                  "blo 4b\n"
                                  "5:\n" END_OF_GROUP("4", "48") "bne 1b\n"
                                                                 "add sp, sp, #12\n"
                                                                 "pop {r4-r11, pc}\n" END("lnn_rows4x4_asm"));

/* r0 w, r1 x, r2 columns, the rest as above. Stack: 0 end of the group's w, 4 counts, 44 groups, 48 sums. */
__asm(FUNCTION("lnn_rows4x4_sparse_asm") "push {r2-r11, lr}\n"
                                         "1:\n"
                                         "ldr r7, [sp, #4]\n"
                                         "ldrb r8, [r7], #1\n"
                                         "str r7, [sp, #4]\n"
                                         "add r8, r0, r8, lsl #4\n"
                                         "str r8, [sp, #0]\n" CLEAR_SUMS "b 3f\n"
                                         "2:\n"
                                         "ldrb lr, [r2], #1\n"
                                         "add lr, r1, lr, lsl #3\n"
                                         "ldrd r11, r12, [lr]\n" BLOCK "3:\n"
                                         "ldr lr, [sp, #0]\n"
                                         "cmp r0, lr\n"
                                         "blo 2b\n" END_OF_GROUP("44", "48") "bne 1b\n"
                                                                             "add sp, sp, #8\n"
                                                                             "pop {r4-r11, pc}\n" END(
                                                                                 "lnn_rows4x4_sparse_asm"));

/* r0 a group's w, r1 changes, r2 their end; r3 to r6 sums; r7 to r10 weights; r11, r12 deltas.
 * Stack: 0 changes, 4 groups, 44 sums, 48 bytes of a group's w. */
__asm(FUNCTION("lnn_rows4x4_add_asm") "push {r1, r3-r11, lr}\n"
                                      "1:\n"
                                      "ldr r1, [sp, #0]\n"
                                      "ldr r7, [sp, #44]\n"
                                      "ldmia r7, {r3-r6}\n"
                                      "2:\n"
                                      "ldmia r1!, {r7, r11, r12}\n"
                                      "add r7, r7, r0\n"
                                      "ldmia r7, {r7-r10}\n" ROWS "cmp r1, r2\n"
                                      "blo 2b\n"
                                      "ldr r7, [sp, #48]\n"
                                      "add r0, r0, r7\n" END_OF_GROUP("4", "44") "bne 1b\n"
                                                                                 "add sp, sp, #8\n"
                                                                                 "pop {r4-r11, pc}\n" END(
                                                                                     "lnn_rows4x4_add_asm"));

/* r0 sums, r1 offset, r2 scale, r3 more, r12 more_scale, lr end of the sums; two at a time. */
__asm(FUNCTION("lnn_scale_sums") "push {r4-r9, lr}\n"
                                 "ldrd r12, lr, [sp, #28]\n"
                                 "add lr, r0, lr, lsl #2\n"
                                 "1:\n"
                                 "ldrd r4, r5, [r1], #8\n"
                                 "ldrd r6, r7, [r0]\n"
                                 "ldrd r8, r9, [r2], #8\n"
                                 "smmla r4, r6, r8, r4\n"
                                 "smmla r5, r7, r9, r5\n"
                                 "ldrd r6, r7, [r3], #8\n"
                                 "ldrd r8, r9, [r12], #8\n"
                                 "smmla r4, r6, r8, r4\n"
                                 "smmla r5, r7, r9, r5\n"
                                 "strd r4, r5, [r0], #8\n"
                                 "cmp r0, lr\n"
                                 "blo 1b\n"
                                 "pop {r4-r9, pc}\n" END("lnn_scale_sums"));

#elif defined(LNN_MATVEC_V6M)

/*
 * Armv6-M: one product an instruction, no pairs. The numbers of four columns stay in r4 to r7 for four
 * rows; the sums are in high registers, which can be added to but not multiplied.
 */
#define ROW(sum)                                                                                                       \
    "ldmia r0!, {r1}\n"                                                                                                \
    "asrs r3, r1, #24\n"                                                                                               \
    "muls r3, r7, r3\n"                                                                                                \
    "sxtb r2, r1\n"                                                                                                    \
    "muls r2, r4, r2\n"                                                                                                \
    "adds r3, r3, r2\n"                                                                                                \
    "lsrs r1, r1, #8\n"                                                                                                \
    "sxtb r2, r1\n"                                                                                                    \
    "muls r2, r6, r2\n"                                                                                                \
    "adds r3, r3, r2\n"                                                                                                \
    "lsrs r1, r1, #8\n"                                                                                                \
    "sxtb r2, r1\n"                                                                                                    \
    "muls r2, r5, r2\n"                                                                                                \
    "adds r3, r3, r2\n"                                                                                                \
    "add " sum ", r3\n"

/* r0 w, r1 to r3 scratch; r8 to r11 sums, r12 x, lr end of the group's w.
 * Stack: 0 x, 4 groups, 8 fours, 48 sums. */
__asm(FUNCTION("lnn_rows4x4_asm") "push {r4-r7, lr}\n"
                                  "mov r4, r8\n"
                                  "mov r5, r9\n"
                                  "mov r6, r10\n"
                                  "mov r7, r11\n"
                                  "push {r4-r7}\n"
                                  "push {r1-r3}\n"
                                  "1:\n"
                                  "ldr r1, [sp, #0]\n"
                                  "mov r12, r1\n"
                                  "ldr r3, [sp, #8]\n"
                                  "lsls r3, r3, #4\n"
                                  "adds r3, r3, r0\n"
                                  "mov lr, r3\n"
                                  "movs r3, #0\n"
                                  "mov r8, r3\n"
                                  "mov r9, r3\n"
                                  "mov r10, r3\n"
                                  "mov r11, r3\n"
                                  "2:\n"
                                  "mov r1, r12\n"
                                  "ldmia r1!, {r2, r3}\n"
                                  "mov r12, r1\n"
                                  "sxth r4, r2\n"
                                  "asrs r5, r2, #16\n"
                                  "sxth r6, r3\n"
                                  "asrs r7, r3, #16\n" ROW("r8") ROW("r9") ROW("r10")
                                      ROW("r11") "cmp r0, lr\n"
                                                 "blo 2b\n"
                                                 "ldr r1, [sp, #48]\n"
                                                 "mov r2, r8\n"
                                                 "mov r3, r9\n"
                                                 "mov r4, r10\n"
                                                 "mov r5, r11\n"
                                                 "stmia r1!, {r2-r5}\n"
                                                 "str r1, [sp, #48]\n"
                                                 "ldr r1, [sp, #4]\n"
                                                 "subs r1, r1, #1\n"
                                                 "str r1, [sp, #4]\n"
                                                 "bne 1b\n"
                                                 "add sp, sp, #12\n"
                                                 "pop {r4-r7}\n"
                                                 "mov r8, r4\n"
                                                 "mov r9, r5\n"
                                                 "mov r10, r6\n"
                                                 "mov r11, r7\n"
                                                 "pop {r4-r7, pc}\n" END("lnn_rows4x4_asm"));

#endif
