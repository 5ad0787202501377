/* What CMSIS-DSP needs for the product of the same size, 128 rows of 104 int8 weights. */
#include "arm_math.h"
#include "board.h"

#define ROWS 128
#define COLUMNS 104

static q7_t weights[ROWS * COLUMNS], x[COLUMNS], sums[ROWS];

int main(void) {
    arm_matrix_instance_q7 matrix = { ROWS, COLUMNS, weights };
    for (uint32_t i = 0; i < ROWS * COLUMNS; i++) {
        weights[i] = (q7_t)(i * 37u);
        x[i % COLUMNS] = (q7_t)(i * 11u);
    }
    arm_mat_vec_mult_q7(&matrix, x, sums);
    uint32_t start = clock_ticks();
    arm_mat_vec_mult_q7(&matrix, x, sums);
    uint32_t count = (uint32_t)((uint64_t)(clock_ticks() - start) * (31250000u / 250u) / (CLOCK_HZ / 250u));
    char text[12], *p = text + sizeof text - 1;
    *p = '\0';
    do {
        *--p = (char)('0' + count % 10u);
        count /= 10u;
    } while (count > 0);
    print("{\"matvec_q7_instructions\": ");
    print(p);
    print("}\n");
    return 0;
}
