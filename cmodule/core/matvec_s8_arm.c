/* lnn_dot4_s8 in assembly, for no compiler keeps all that it needs in registers. */
#include "matvec_s8.h"

#if defined(LNN_DOT4_DSP)

/* The DSP extension. lr and the weights' own register become pairs; each pair feeds one dual multiply-accumulate. */
#define ROW(sum, weights)                        \
    "sxtb16 lr, " weights "\n"                   \
    "sxtb16 " weights ", " weights ", ror #8\n"  \
    "smlad " sum ", lr, r11, " sum "\n"          \
    "smlad " sum ", " weights ", r12, " sum "\n"

#define FOUR_COLUMNS             \
    "ldrd r11, r12, [r1], #8\n"  \
    "ldmia r0!, {r7-r10}\n"      \
    ROW("r3", "r7")              \
    ROW("r4", "r8")              \
    ROW("r5", "r9")              \
    ROW("r6", "r10")

/* r0 w, r1 x, r2 end of w; r3 to r6 sums; r7 to r10 weights; r11, r12 numbers */
__asm(
    ".section .text.lnn_dot4_s8, \"ax\", %progbits\n"
    ".syntax unified\n"
    ".thumb\n"
    ".balign 4\n"
    ".global lnn_dot4_s8\n"
    ".thumb_func\n"
    ".type lnn_dot4_s8, %function\n"
    "lnn_dot4_s8:\n"
    "push {r3-r11, lr}\n"
    "mov r7, r2\n"
    "add r2, r0, r2, lsl #4\n"
    "movs r3, #0\n"
    "movs r4, #0\n"
    "movs r5, #0\n"
    "movs r6, #0\n"
    "tst r7, #1\n"
    "beq 2f\n"
    FOUR_COLUMNS
    "2:\n"
    "cmp r0, r2\n"
    "bhs 3f\n"
    "1:\n"
    FOUR_COLUMNS
    FOUR_COLUMNS
    "cmp r0, r2\n"
    "blo 1b\n"
    "3:\n"
    "pop {r7}\n"
    "stmia r7, {r3-r6}\n"
    "pop {r4-r11, pc}\n"
    ".size lnn_dot4_s8, . - lnn_dot4_s8\n"
    ".text\n");

#elif defined(LNN_DOT4_V6M)

/*
 * Armv6-M: one product an instruction, no pairs. The numbers of four columns stay in r4 to r7 for four
 * rows; the sums are in high registers, which can be added to but not multiplied.
 */
#define ROW(sum)               \
    "ldmia r0!, {r1}\n"        \
    "asrs r3, r1, #24\n"       \
    "muls r3, r7, r3\n"        \
    "sxtb r2, r1\n"            \
    "muls r2, r4, r2\n"        \
    "adds r3, r3, r2\n"        \
    "lsrs r1, r1, #8\n"        \
    "sxtb r2, r1\n"            \
    "muls r2, r6, r2\n"        \
    "adds r3, r3, r2\n"        \
    "lsrs r1, r1, #8\n"        \
    "sxtb r2, r1\n"            \
    "muls r2, r5, r2\n"        \
    "adds r3, r3, r2\n"        \
    "add " sum ", r3\n"

/* r0 w, r1 to r3 scratch; r8 to r11 sums, r12 x, lr end of w */
__asm(
    ".section .text.lnn_dot4_s8, \"ax\", %progbits\n"
    ".syntax unified\n"
    ".thumb\n"
    ".balign 4\n"
    ".global lnn_dot4_s8\n"
    ".thumb_func\n"
    ".type lnn_dot4_s8, %function\n"
    "lnn_dot4_s8:\n"
    "push {r3-r7, lr}\n"
    "mov r4, r8\n"
    "mov r5, r9\n"
    "mov r6, r10\n"
    "mov r7, r11\n"
    "push {r4-r7}\n"
    "lsls r2, r2, #4\n"
    "adds r2, r2, r0\n"
    "mov lr, r2\n"
    "mov r12, r1\n"
    "movs r3, #0\n"
    "mov r8, r3\n"
    "mov r9, r3\n"
    "mov r10, r3\n"
    "mov r11, r3\n"
    "b 2f\n"
    "1:\n"
    "mov r1, r12\n"
    "ldmia r1!, {r2, r3}\n"
    "mov r12, r1\n"
    "sxth r4, r2\n"
    "asrs r5, r2, #16\n"
    "sxth r6, r3\n"
    "asrs r7, r3, #16\n"
    ROW("r8")
    ROW("r9")
    ROW("r10")
    ROW("r11")
    "2:\n"
    "cmp r0, lr\n"
    "blo 1b\n"
    "ldr r1, [sp, #16]\n"
    "mov r2, r8\n"
    "mov r3, r9\n"
    "mov r4, r10\n"
    "mov r5, r11\n"
    "stmia r1!, {r2-r5}\n"
    "pop {r4-r7}\n"
    "mov r8, r4\n"
    "mov r9, r5\n"
    "mov r10, r6\n"
    "mov r11, r7\n"
    "pop {r3-r7, pc}\n"
    ".size lnn_dot4_s8, . - lnn_dot4_s8\n"
    ".text\n");

#endif
