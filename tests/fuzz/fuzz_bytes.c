/* SPDX-License-Identifier: MIT */
/* libFuzzer target. The first byte chooses whether length and CRC are repaired, so that fuzzing gets behind them. */
#include "exercise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    if (n < 1 || n > 1u << 16) {
        return 0;
    }
    clock_t start = clock();
    uint8_t *file = malloc(n);
    size_t file_bytes = n - 1;
    memcpy(file, data + 1, file_bytes);
    if (data[0] & 1 && file_bytes >= 16) {
        uint32_t length = (uint32_t)file_bytes;
        memcpy(file + 8, &length, sizeof length);
        repair_crc(file, file_bytes);
    }
    exercise(file, file_bytes, 2000);
    free(file);
    require_bounded_time(start);
    return 0;
}
