/* SPDX-License-Identifier: MIT */
/* replay FILE...: gives each file to a fuzzer's target once. For coverage, and for a finding under a debugger. */
#include "exercise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        size_t n;
        uint8_t *data = read_model(argv[i], &n);
        LLVMFuzzerTestOneInput(data, n);
        free(data);
    }
    return 0;
}
