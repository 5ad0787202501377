/* Logits, evidence (logits smoothed over time), posterior, detection. */
#include "internal.h"
#include "fastmath.h"

/* Posterior of the evidence. The largest one is subtracted: exp never overflows. */
static void softmax(const float *evidence, uint32_t n, float *posterior) {
    float largest = evidence[0], sum = 0.0f;
    for (uint32_t i = 1; i < n; i++) {
        largest = evidence[i] > largest ? evidence[i] : largest;
    }
    for (uint32_t i = 0; i < n; i++) {
        posterior[i] = lnn_expf(evidence[i] - largest);
        sum += posterior[i];
    }
    float scale = 1.0f / sum;
    for (uint32_t i = 0; i < n; i++) {
        posterior[i] *= scale;
    }
}

static uint64_t bit(uint32_t label) {
    return (uint64_t)1 << label;
}

void lnn_readout_reset(lnn_readout_t *ro) {
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        ro->evidence[i] = 0.0f;
        ro->logits[i] = 0.0f;
    }
    softmax(ro->evidence, ro->n_labels, ro->posterior);
    ro->armed = UINT64_MAX;
    ro->refractory_samples = 0;
}

void lnn_readout_step(lnn_readout_t *ro, const float *state, float dt_s) {
    lnn_matvec_rows4(ro->weights, ro->bias, state, lnn_rows4(ro->n_labels), ro->n_inputs, ro->logits);
    float a = dt_s / (dt_s + ro->smoothing_s);
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        ro->evidence[i] += a * (ro->logits[i] - ro->evidence[i]);
    }
    softmax(ro->evidence, ro->n_labels, ro->posterior);
}

/* Nothing is heard: the evidence fades as if the logits were zero, and what has faded is armed again. */
void lnn_readout_rest(lnn_readout_t *ro, float dt_s) {
    float keep = ro->smoothing_s / (dt_s + ro->smoothing_s);
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        ro->evidence[i] *= keep;
    }
    softmax(ro->evidence, ro->n_labels, ro->posterior);
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        if (ro->posterior[i] < ro->thresholds[i]) {
            ro->armed |= bit(i);
        }
    }
}

void lnn_readout_elapse(lnn_readout_t *ro, uint32_t samples) {
    ro->refractory_samples -= samples < ro->refractory_samples ? samples : ro->refractory_samples;
}

uint16_t lnn_readout_top(const lnn_readout_t *ro) {
    uint16_t top = 0;
    for (uint16_t i = 1; i < ro->n_labels; i++) {
        if (ro->evidence[i] > ro->evidence[top]) {
            top = i;
        }
    }
    /* before any evidence all labels are equal: that is the idle one */
    if (ro->idle_label != LNN_RESULT_NONE && ro->evidence[top] <= ro->evidence[ro->idle_label]) {
        top = ro->idle_label;
    }
    return top;
}

/* The label detected now, or LNN_RESULT_NONE. */
uint16_t lnn_readout_detect(lnn_readout_t *ro, uint32_t sample_rate_hz) {
    uint16_t top = lnn_readout_top(ro);
    float threshold = ro->thresholds[top];
    bool above = threshold > 0.0f && ro->posterior[top] >= threshold;
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        if (ro->posterior[i] < ro->thresholds[i]) {
            ro->armed |= bit(i);
        }
    }
    if (!above || !(ro->armed & bit(top)) || ro->refractory_samples > 0) {
        return LNN_RESULT_NONE;
    }
    ro->armed &= ~bit(top);
    ro->refractory_samples = (uint64_t)ro->labels[top].refractory_us * sample_rate_hz / 1000000u;
    return top;
}
