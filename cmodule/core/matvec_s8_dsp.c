/* lnn_dot4_s8 for cores with the DSP extension, in assembly: it needs all fourteen registers. */
#include "matvec_s8.h"

#if defined(LNN_DOT4_IS_ASSEMBLY)

/* lr and the weights' own register become pairs; each pair feeds one dual multiply-accumulate. */
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

#endif
