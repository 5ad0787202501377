/* SPDX-License-Identifier: MIT */
/*
 * What other libraries need for the product of the same size, 128 rows of 104 int8 weights with int8 numbers:
 * CMSIS-DSP's, or with USE_CMSIS_NN CMSIS-NN's fully connected layer, which also scales the sums to int8.
 */
#include "board.h"

#define ROWS 128
#define COLUMNS 104

#ifdef USE_CMSIS_NN
#include "arm_nnfunctions.h"
static int32_t bias[ROWS], row_sums[ROWS];
#else
#include "arm_math.h"
#endif

static int8_t weights[ROWS * COLUMNS], x[COLUMNS], sums[ROWS];

static void product(void) {
#ifdef USE_CMSIS_NN
    const cmsis_nn_context context = {row_sums, sizeof row_sums};
    const cmsis_nn_fc_params parameters = {0, 0, 0, {-128, 127}};
    const cmsis_nn_per_tensor_quant_params scale = {1 << 30, -6};
    const cmsis_nn_dims input = {1, 1, 1, COLUMNS}, filter = {COLUMNS, 1, 1, ROWS}, output = {1, 1, 1, ROWS};
    arm_fully_connected_s8(&context, &parameters, &scale, &input, x, &filter, weights, &output, bias, &output, sums);
#else
    const arm_matrix_instance_q7 matrix = {ROWS, COLUMNS, weights};
    arm_mat_vec_mult_q7(&matrix, x, sums);
#endif
}

int main(void) {
    for (uint32_t i = 0; i < ROWS * COLUMNS; i++) {
        weights[i] = (int8_t)(i * 37u);
        x[i % COLUMNS] = (int8_t)(i * 11u);
    }
    product();
    uint32_t start = clock_ticks();
    product();
    uint32_t count = (uint32_t)((uint64_t)(clock_ticks() - start) * (31250000u / 250u) / (CLOCK_HZ / 250u));
    char text[12], *p = text + sizeof text - 1;
    *p = '\0';
    do {
        *--p = (char)('0' + count % 10u);
        count /= 10u;
    } while (count > 0);
    print("{\"matvec_instructions\": ");
    print(p);
    print("}\n");
    return 0;
}
