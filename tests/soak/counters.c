/* SPDX-License-Identifier: MIT */
/* Where the counters of a loaded model lie on a 32-bit core: soak.py compiles this for the board and reads the numbers. */
#include "internal.h"

#define AT(field) (uint32_t)offsetof(struct lnn_model, field)

const uint32_t offsets[] = {
    AT(steps),
    AT(heard),
    AT(counters.samples),
    AT(counters.ticks),
    AT(counters.gated_ticks),
    AT(counters.frontend_runs),
    AT(counters.steps),
    AT(counters.detections),
};
