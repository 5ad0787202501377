/* SPDX-License-Identifier: MIT */
/*
 * soak MODEL: random audio in random blocks while policy and thresholds change, audio is lost and the
 * model is reset; everything that is promised about a result is checked. For sanitizers.
 */
#include "../format/exercise.h"

#define ROUNDS 4000

static uint32_t seed = 7;

static uint32_t draw(uint32_t below) {
    seed = seed * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)(seed ^ (seed >> 15)) * below) >> 32);
}

static float draw_float(float low, float high) {
    return low + (high - low) * (float)draw(1u << 20) / 1048576.0f;
}

static void change_policy(lnn_model_t *m) {
    lnn_policy_t p = *lnn_get_policy(m), before = p;
    p.min_timestep_us = 1000u + draw(50000);
    p.max_timestep_us = draw(1000001);
    p.hold_us = draw(4) ? draw(500000) : draw(11000000);
    p.complexity = draw(4);
    p.energy_threshold = draw(3) ? draw_float(0.0f, 0.01f) : draw_float(-0.1f, 1.1f);
    p.gate_close_ratio = draw_float(0.0f, 1.1f);
    p.release_threshold = draw_float(0.0f, 2.0f);
    p.attack_threshold = draw_float(0.0f, 4.0f);
    p.release_growth = draw_float(0.9f, 100.0f);
    p.background_rise_per_s = draw_float(-1.0f, 1000.0f);
    p.floor_ratio = draw(2) ? 0.0f : draw_float(0.0f, 101.0f);
    lnn_status_t status = lnn_set_policy(m, &p);
    require(status == LNN_OK || status == LNN_ERR_POLICY, "a policy is taken or refused");
    require(memcmp(lnn_get_policy(m), status == LNN_OK ? &p : &before, sizeof p) == 0,
            "a refused policy changes nothing");
}

static void fill(int16_t *audio, uint32_t n) {
    uint32_t level = draw(5);
    for (uint32_t i = 0; i < n; i++) {
        int32_t noise = (int32_t)draw(65536) - 32768;
        audio[i] = (int16_t)(level == 0   ? 0
                             : level == 4 ? (noise < 0 ? -32768 : 32767)
                                          : noise >> (12 - 4 * (int)level + 4));
    }
}

/* It wraps, stands still and runs backwards. */
static uint32_t wild_clock(void) {
    static uint32_t state = 1, now;
    state = state * 1664525u + 1013904223u;
    now = state >> 30 ? now + (state >> (state >> 28)) : now;
    return now;
}

/* Two models hear the same; the clock of one is changed all the time. Only its times may differ. */
static void compare_clocks(lnn_model_t *m, lnn_model_t *twin) {
    static int16_t audio[700];
    lnn_result_t a, b;
    lnn_policy_t policy = *lnn_get_policy(twin);
    require(lnn_set_policy(m, &policy) == LNN_OK, "a policy that was loaded");
    for (uint16_t label = 0; lnn_label_name(m, label); label++) {
        lnn_set_threshold(m, label, lnn_get_threshold(twin, label));
    }
    lnn_reset(m);
    for (int round = 0; round < 300; round++) {
        uint32_t length = draw(700);
        fill(audio, length);
        lnn_set_clock(m, draw(4) ? wild_clock : NULL);
        require(lnn_process(m, audio, length, &a) == LNN_OK && lnn_process(twin, audio, length, &b) == LNN_OK,
                "process");
        require(a.steps == b.steps && a.label == b.label && a.timestep_us == b.timestep_us, "a clock decides nothing");
        require(memcmp(a.scores, b.scores, a.n_scores * sizeof *a.scores) == 0, "a clock changes no score");
    }
    require(lnn_get_counters(m)->cell_time > 0, "the clock was read");
}

int main(int argc, char **argv) {
    static int16_t audio[5000];
    size_t n;
    require(argc > 1, "usage: soak MODEL");
    uint8_t *data = read_model(argv[1], &n);
    uint32_t need;
    lnn_model_t *m;
    require(lnn_ram_bytes(data, n, &need) == LNN_OK, "a model");
    void *memory = malloc(need);
    require(lnn_load(data, n, memory, need - 1u, &m) == LNN_ERR_MEMORY, "too little memory is refused");
    require(lnn_load(data, n, memory, need, &m) == LNN_OK, "a model");
    lnn_result_t result;
    lnn_event_t event;
    uint64_t last_event = 0;
    uint32_t steps = 0;
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t length = draw(3) ? draw(700) : draw(5000);
        fill(audio, length);
        require(lnn_process(m, audio, length, &result) == LNN_OK, "process");
        check_result(&result);
        require(result.steps >= steps, "steps only grow");
        steps = result.steps;
        switch (draw(12)) {
            case 0:
                change_policy(m);
                break;
            case 1:
                require(lnn_skip(m, draw(100000)) == LNN_OK, "skip");
                break;
            case 2:
                require(lnn_set_threshold(m, (uint16_t)draw(result.n_scores), draw_float(0.0f, 1.0f)) == LNN_OK,
                        "threshold");
                break;
            case 3:
                lnn_set_refractory_us(m, (uint16_t)draw(result.n_scores), draw(2) ? draw(3000000) : UINT32_MAX);
                break;
            case 4:
                while (lnn_next_event(m, &event)) {
                    require(event.label < result.n_scores && event.confidence <= 1.0f, "an event");
                    require(event.sample >= last_event, "events in the order of time");
                    last_event = event.sample;
                }
                break;
            case 5:
                if (draw(8) == 0) {
                    lnn_reset(m);
                    steps = 0;
                    last_event = 0;
                }
                break;
            default:
                break;
        }
    }
    const lnn_counters_t *c = lnn_get_counters(m);
    require(c->steps > 1000 && c->gated_ticks > 100 && c->frontend_runs == c->steps, "work was done and saved");
    printf("%u steps, %u of %u ticks gated, %u detections\n", (unsigned)c->steps, (unsigned)c->gated_ticks,
           (unsigned)c->ticks, (unsigned)c->detections);
    lnn_model_t *twin;
    void *more = malloc(need);
    require(lnn_load(data, n, more, need, &twin) == LNN_OK, "a model");
    compare_clocks(m, twin);
    free(more);
    free(memory);
    free(data);
    return 0;
}
