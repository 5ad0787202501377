/* SPDX-License-Identifier: MIT */
/* Which field of a timestep policy is outside its range. */
#include <stddef.h>

#include "internal.h"

#define NO_FIELD 255u

typedef struct {
    const char *name;
    const char *unit;   /* " s": microseconds here, seconds for people */
    uint8_t at;         /* in lnn_policy_t */
    bool is_float;      /* else uint32_t */
    uint8_t low_field;  /* the field that is the least value, or NO_FIELD */
    uint8_t high_field; /* the same for the greatest value */
    float low;
    float high;
} range_t;

#include "policy_ranges.h"

static float policy_value(const lnn_policy_t *policy, uint32_t field) {
    const void *at = (const char *)policy + ranges[field].at;
    return ranges[field].is_float ? *(const float *)at : (float)*(const uint32_t *)at;
}

bool lnn_policy_fault(const lnn_policy_t *policy, lnn_policy_fault_t *fault) {
    for (uint32_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const range_t *range = &ranges[i];
        uint32_t low_field = range->low_field, high_field = range->high_field;
        float value = policy_value(policy, i);
        float low = low_field == NO_FIELD ? range->low : policy_value(policy, low_field);
        float high = high_field == NO_FIELD ? range->high : policy_value(policy, high_field);
        if (value >= low && value <= high) {
            continue; /* not for a NaN */
        }
        if (fault) {
            float scale = *range->unit ? 1e-6f : 1.0f;
            fault->field = range->name;
            fault->unit = range->unit;
            fault->value = value * scale;
            fault->low = low * scale;
            fault->high = high * scale;
            fault->low_field = low_field == NO_FIELD ? NULL : ranges[low_field].name;
            fault->high_field = high_field == NO_FIELD ? NULL : ranges[high_field].name;
        }
        return true;
    }
    return false;
}
