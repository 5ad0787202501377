/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer target. The bytes are choices: of a model, legal or nearly so, then of what is done with it. A legal model
 * must load; audio must give the same in one piece and in many; every number must be finite.
 */
#include "exercise.h"
#include "generator.h"

#define MOST_BYTES 32768u
#define FEW_BYTES 4096u
#define MOST_ACTIONS 24u
#define MOST_SAMPLES 2500u
#define MOST_WORK 100000u /* multiplications of all steps of an action, about */

/* The same model twice: one hears audio in one piece, the other in pieces of all lengths. */
typedef struct {
    lnn_model_t *m, *pieces;
    lnn_info_t info;
    choices_t *c;
    uint64_t samples; /* heard so far */
} pair_t;

static float any_float(choices_t *c) {
    static const float special[] = {0.0f, -0.0f, 1.0f, -1.0f, 1e-38f, 3.4e38f, -3.4e38f, 8.0f, 1e-45f};
    uint32_t kind = choose(c, 16), bits = random_bits(c);
    float x;
    if (kind < sizeof special / sizeof *special) {
        return special[kind];
    }
    if (kind == 15u) {
        return choose(c, 2) ? NAN : choose(c, 2) ? INFINITY : -INFINITY;
    }
    if (kind == 14u) {
        memcpy(&x, &bits, sizeof x);
        return x;
    }
    return ((float)bits / 2147483648.0f - 1.0f) * 4.0f;
}

static void fill_audio(choices_t *c, int16_t *audio, uint32_t n) {
    uint32_t kind = choose(c, 6), shift = choose(c, 16), period = 1u + choose(c, 64);
    for (uint32_t i = 0; i < n; i++) {
        int32_t noise = (int32_t)random_bits(c) >> 16;
        int32_t x = kind == 0   ? 0
                    : kind == 1 ? noise
                    : kind == 2 ? (i / period % 2u ? 32767 : -32768)
                    : kind == 3 ? -32768
                    : kind == 4 ? (int32_t)(i % period) * 65535 / (int32_t)period - 32768
                                : (i == n / 2u ? 32767 : 0);
        audio[i] = (int16_t)(x >> shift);
    }
}

static void same_events(pair_t *p) {
    lnn_event_t a, b;
    for (bool more = true; more;) {
        more = lnn_next_event(p->m, &a);
        require(lnn_next_event(p->pieces, &b) == more, "as many events in pieces");
        if (more) {
            require(a.sample == b.sample && a.label == b.label && a.confidence == b.confidence, "the same event");
            require(a.sample <= p->samples && a.label < p->info.n_labels && a.confidence >= 0.0f, "a real event");
        }
    }
}

static void same_result(const lnn_result_t *a, const lnn_result_t *b) {
    require(a->steps == b->steps && a->timestep_us == b->timestep_us, "the same steps in pieces");
    require(a->energy == b->energy && a->flux == b->flux && a->complexity == b->complexity, "the same measures");
    require(a->is_speech == b->is_speech, "the same speech");
    require(memcmp(a->scores, b->scores, a->n_scores * sizeof *a->scores) == 0, "the same scores in pieces");
}

/* Fewer if steps are large or ticks short, so that no model takes much longer than another. */
static uint32_t most_samples(const pair_t *p) {
    uint64_t tick = (uint64_t)lnn_get_policy(p->m)->min_timestep_us * p->info.sample_rate_hz / 1000000u;
    uint64_t n = MOST_WORK / (p->info.macs_per_step + 20u * p->info.window_samples + 500u) * tick;
    return n < 2u * tick      ? (uint32_t)(2u * tick < MOST_SAMPLES ? 2u * tick : MOST_SAMPLES)
           : n < MOST_SAMPLES ? (uint32_t)n
                              : MOST_SAMPLES;
}

static void hear(pair_t *p) {
    static int16_t audio[MOST_SAMPLES];
    uint32_t n = choose(p->c, most_samples(p) + 1u);
    lnn_result_t whole, result;
    int16_t *exact = malloc(n * sizeof *exact + 1u); /* reading beyond it is seen */
    fill_audio(p->c, audio, n);
    memcpy(exact, audio, n * sizeof *audio);
    p->samples += n;
    require(lnn_process(p->m, exact, n, &whole) == LNN_OK, "process");
    check_result(&whole);
    require(lnn_process(p->pieces, exact, 0, &result) == LNN_OK, "process nothing");
    for (uint32_t at = 0, piece; at < n; at += piece) {
        piece = 1u + random_bits(p->c) % 700u;
        piece = piece < n - at ? piece : n - at;
        require(lnn_process(p->pieces, exact + at, piece, &result) == LNN_OK, "process a piece");
    }
    same_result(&whole, &result);
    free(exact);
}

static void lose(pair_t *p) {
    uint32_t n = choose(p->c, 4) ? choose(p->c, 40000) : random_bits(p->c);
    p->samples += n;
    require(lnn_skip(p->m, n) == LNN_OK && lnn_skip(p->pieces, n) == LNN_OK, "skip");
}

static void change_policy(pair_t *p) {
    lnn_policy_t policy;
    lnn_policy_fault_t fault;
    bool legal = choose_policy(p->c, &policy), faulty = lnn_policy_fault(&policy, &fault);
    require(!legal || !faulty, "a legal policy");
    require(!faulty || (fault.field && fault.unit), "the name of a fault");
    require(lnn_set_policy(p->m, &policy) == (faulty ? LNN_ERR_POLICY : LNN_OK), "set_policy");
    lnn_set_policy(p->pieces, &policy);
    require(faulty || memcmp(lnn_get_policy(p->m), &policy, sizeof policy) == 0, "the policy in use");
}

static void change_label(pair_t *p) {
    uint16_t label = (uint16_t)choose(p->c, p->info.n_labels + 1u);
    float threshold = any_float(p->c);
    uint32_t refractory_us = random_bits(p->c) >> choose(p->c, 32);
    bool known = label < p->info.n_labels, possible = threshold >= 0.0f && threshold <= 1.0f;
    lnn_status_t status = lnn_set_threshold(p->m, label, threshold);
    require(status == (known && possible ? LNN_OK : LNN_ERR_ARGUMENT), "set_threshold");
    require(!known || !possible || lnn_get_threshold(p->m, label) == threshold, "the threshold");
    lnn_set_threshold(p->pieces, label, threshold);
    status = lnn_set_refractory_us(p->m, label, refractory_us);
    require(status == (known ? LNN_OK : LNN_ERR_ARGUMENT), "set_refractory_us");
    lnn_set_refractory_us(p->pieces, label, refractory_us);
    require((lnn_label_name(p->m, label) != NULL) == known, "a label's name");
}

static void step(pair_t *p) {
    float features[LNN_MAX_MELS], dt_s = choose(p->c, 4) ? (float)choose(p->c, 1100) * 0.001f : any_float(p->c);
    bool finite = true, numbers = p->info.window_samples == 0;
    const float *logits = NULL, *same;
    for (uint16_t i = 0; i < p->info.n_features; i++) {
        features[i] = choose(p->c, 8) ? (float)(int32_t)random_bits(p->c) * 0x1p-29f : any_float(p->c);
        finite = finite && isfinite(features[i]);
    }
    bool possible = dt_s > 0.0f && (finite || !numbers);
    require(lnn_step(p->m, features, dt_s, &logits) == (possible ? LNN_OK : LNN_ERR_ARGUMENT), "step");
    lnn_step(p->pieces, features, dt_s, &same);
    for (uint16_t i = 0; possible && i < p->info.n_labels; i++) {
        require(numbers || isfinite(logits[i]), "finite logits");
        require(memcmp(logits, same, p->info.n_labels * sizeof *logits) == 0, "the same logits");
    }
}

static void look(pair_t *p) {
    int16_t *window = malloc(p->info.window_samples * sizeof *window);
    float *features = malloc(p->info.n_features * sizeof *features);
    fill_audio(p->c, window, p->info.window_samples);
    require(lnn_features(p->m, window, features) == LNN_OK, "features");
    lnn_features(p->pieces, window, features);
    for (uint16_t i = 0; i < p->info.n_features; i++) {
        require(isfinite(features[i]), "finite features");
    }
    free(window);
    free(features);
}

static void selftest(pair_t *p) {
    float difference = 0.0f;
    lnn_status_t status = lnn_selftest(p->m, &difference);
    require(status == LNN_OK || status == LNN_ERR_SELFTEST || status == LNN_ERR_NO_GOLDEN, "selftest");
    require(lnn_selftest(p->pieces, NULL) == status && isfinite(difference), "selftest again");
    p->samples = status == LNN_ERR_NO_GOLDEN ? p->samples : 0;
}

static void forget(pair_t *p) {
    require(lnn_reset(p->m) == LNN_OK && lnn_reset(p->pieces) == LNN_OK, "reset");
    lnn_clear_counters(choose(p->c, 2) ? p->m : p->pieces);
    p->samples = 0;
}

static void refuse(pair_t *p) {
    lnn_result_t result;
    int16_t audio[1] = {0};
    float x[LNN_MAX_MELS] = {0};
    bool numbers = p->info.window_samples == 0;
    require(!numbers || lnn_process(p->m, audio, 1, &result) == LNN_ERR_NO_AUDIO, "no audio");
    require(!numbers || lnn_skip(p->m, 1) == LNN_ERR_NO_AUDIO, "no audio");
    require(!numbers || lnn_features(p->m, audio, x) == LNN_ERR_NO_AUDIO, "no audio");
    require(lnn_process(p->m, NULL, 1, &result) == (numbers ? LNN_ERR_NO_AUDIO : LNN_ERR_ARGUMENT) || numbers, "NULL");
    require(lnn_process(NULL, audio, 1, &result) == LNN_ERR_ARGUMENT, "NULL");
    require(lnn_process(p->m, audio, 1, NULL) == LNN_ERR_ARGUMENT, "NULL");
    require(lnn_step(p->m, NULL, 1.0f, NULL) == LNN_ERR_ARGUMENT, "NULL");
    require(lnn_set_policy(p->m, NULL) == LNN_ERR_ARGUMENT && !lnn_next_event(p->m, NULL), "NULL");
    require(lnn_get_info(p->m, NULL) == LNN_ERR_ARGUMENT && lnn_get_counters(p->m)->lost_events < UINT32_MAX, "NULL");
}

static void play(pair_t *p) {
    static void (*const with_audio[])(pair_t *) = {hear,         hear, hear,     change_policy, lose,   same_events,
                                                   change_label, step, selftest, look,          forget, refuse};
    static void (*const with_numbers[])(pair_t *) = {step, step, change_policy, change_label, forget, refuse, selftest};
    bool numbers = p->info.window_samples == 0;
    for (uint32_t left = choose(p->c, MOST_ACTIONS + 1u); left > 0; left--) {
        if (numbers) {
            with_numbers[choose(p->c, sizeof with_numbers / sizeof *with_numbers)](p);
        } else {
            with_audio[choose(p->c, sizeof with_audio / sizeof *with_audio)](p);
        }
    }
    same_events(p);
}

static lnn_model_t *load(const model_file_t *file, void **memory, uint32_t spare, lnn_status_t *status) {
    uint32_t need = 0;
    lnn_model_t *m = NULL;
    *status = lnn_ram_bytes(file->bytes, file->n, &need);
    need = need < MOST_MEMORY_BYTES ? need : MOST_MEMORY_BYTES;
    need = spare > need ? 0 : need - spare;
    *memory = malloc(need ? need : 1);
    if (*status == LNN_OK) {
        *status = lnn_load(file->bytes, file->n, *memory, need, &m);
    }
    return *status == LNN_OK ? m : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    clock_t start = clock();
    choices_t c = choices_from(data, n);
    model_file_t file = generate_model(&c, false, choose(&c, 8) ? FEW_BYTES : MOST_BYTES);
    void *memory[2];
    lnn_status_t status;
    pair_t p = {.c = &c};
    p.m = load(&file, &memory[0], 0, &status);
    require(!file.legal || status == LNN_OK, "a legal model loads");
    require(strcmp(lnn_error_name(status), "UNKNOWN") != 0, "a named error");
    lnn_refused_name(file.bytes, file.n, status);
    if (p.m) {
        p.pieces = load(&file, &memory[1], 8, &status);
        require(status == LNN_ERR_MEMORY, "too little memory is refused");
        free(memory[1]);
        p.pieces = load(&file, &memory[1], 0, &status);
        lnn_get_info(p.m, &p.info);
        play(&p);
        free(memory[1]);
    }
    free(memory[0]);
    free(file.bytes);
    require_bounded_time(start);
    return 0;
}
