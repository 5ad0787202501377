/* SPDX-License-Identifier: MIT */
/* promises MODEL: wrong arguments are refused, whatever they are; lnn_refused_name() stays within the file. */
#include "../format/exercise.h"

static void wrong_arguments(const uint8_t *data, size_t n) {
    static uint64_t memory[1 << 13];
    static int16_t audio[1024];
    float features[LNN_MAX_MELS] = {0};
    const float *logits;
    lnn_model_t *m;
    lnn_result_t result;
    lnn_event_t event;
    lnn_info_t info;
    uint32_t need;
    const lnn_status_t refused = LNN_ERR_ARGUMENT;
    require(lnn_ram_bytes(NULL, n, &need) == refused && lnn_ram_bytes(data, n, NULL) == refused, "ram_bytes");
    require(lnn_load(NULL, n, memory, sizeof memory, &m) == refused, "no file");
    require(lnn_load(data, n, NULL, sizeof memory, &m) == refused, "no memory");
    require(lnn_load(data, n, memory, sizeof memory, NULL) == refused, "no place for the model");
    require(lnn_load(data, n, (uint8_t *)memory + 4, sizeof memory - 8, &m) == LNN_ERR_ALIGNMENT,
            "memory aligned to 4");
    require(lnn_load(data + 1, n - 1, memory, sizeof memory, &m) == LNN_ERR_ALIGNMENT, "a file at an odd address");
    require(lnn_load(data, n, memory, 8, &m) == LNN_ERR_MEMORY, "almost no memory");
    require(lnn_load_verified(data, n, NULL, NULL, memory, sizeof memory, &m) == refused, "nobody who verifies");
    require(lnn_load(data, n, memory, sizeof memory, &m) == LNN_OK, "a model");
    lnn_get_info(m, &info);
    require(lnn_process(NULL, audio, 1, &result) == refused && lnn_process(m, NULL, 1, &result) == refused
                && lnn_process(m, audio, 1, NULL) == refused,
            "process");
    require(lnn_process(m, NULL, 0, &result) == LNN_OK, "no audio at all is a block, too");
    require(lnn_skip(NULL, 1) == refused && lnn_reset(NULL) == refused, "skip, reset");
    require(!lnn_next_event(NULL, &event) && !lnn_next_event(m, NULL), "next_event");
    require(lnn_step(NULL, features, 1.0f, &logits) == refused && lnn_step(m, NULL, 1.0f, &logits) == refused, "step");
    require(lnn_step(m, features, 0.0f, &logits) == refused && lnn_step(m, features, NAN, &logits) == refused, "dt");
    require(lnn_step(m, features, 1.0f, NULL) == LNN_OK, "logits that nobody wants");
    require(lnn_logits(NULL) == NULL && lnn_logits(m) != NULL, "logits of the last step");
    require(lnn_features(NULL, audio, features) == refused && lnn_features(m, NULL, features) == refused
                && lnn_features(m, audio, NULL) == refused,
            "features");
    require(lnn_selftest(NULL, NULL) == refused, "selftest");
    require(lnn_get_policy(NULL) == NULL && lnn_get_counters(NULL) == NULL, "nothing of no model");
    require(lnn_set_policy(NULL, lnn_get_policy(m)) == refused && lnn_set_policy(m, NULL) == refused, "set_policy");
    require(lnn_label_name(NULL, 0) == NULL && lnn_label_name(m, info.n_labels) == NULL, "label_name");
    require(lnn_get_threshold(NULL, 0) == 0.0f && lnn_get_threshold(m, info.n_labels) == 0.0f, "get_threshold");
    require(lnn_set_threshold(NULL, 0, 0.5f) == refused && lnn_set_threshold(m, info.n_labels, 0.5f) == refused
                && lnn_set_threshold(m, 0, 1.5f) == refused && lnn_set_threshold(m, 0, NAN) == refused,
            "set_threshold");
    require(lnn_get_refractory_us(NULL, 0) == 0 && lnn_get_refractory_us(m, info.n_labels) == 0, "get_refractory_us");
    require(lnn_set_refractory_us(NULL, 0, 1) == refused && lnn_set_refractory_us(m, info.n_labels, 1) == refused,
            "set_refractory_us");
    require(lnn_get_info(NULL, &info) == refused && lnn_get_info(m, NULL) == refused, "get_info");
    require(lnn_clear_counters(NULL) == refused && lnn_set_clock(NULL, NULL) == refused, "counters, clock");
}

/* Finding r1: with a good file or a stale status, the search for a cell ran off the end of the file. */
static void refused_names(uint8_t *data, size_t n) {
    lnn_file_header_t *h = (void *)data;
    lnn_file_section_t *table = (void *)(h + 1);
    lnn_file_cell_t *cell = (void *)(data + table[2].offset);
    require(lnn_refused_name(data, n, LNN_ERR_CELL) == NULL && lnn_refused_name(data, n, LNN_OK) == NULL,
            "a good file");
    require(lnn_refused_name(NULL, n, LNN_ERR_CELL) == NULL && lnn_refused_name(data, 3, LNN_ERR_CELL) == NULL,
            "no file");
    for (size_t length = 0; length < n; length++) {
        uint8_t *cut = malloc(length ? length : 1);
        memcpy(cut, data, length);
        if (length >= 16) {
            uint32_t file_bytes = (uint32_t)length;
            memcpy(cut + 8, &file_bytes, sizeof file_bytes);
        }
        require(lnn_refused_name(cut, length, LNN_ERR_SOLVER) == NULL, "a cut file");
        free(cut);
    }
    cell->solver = LNN_SOLVER_EULER;
    require(strcmp(lnn_refused_name(data, n, LNN_ERR_SOLVER), "euler") == 0, "the name of the solver");
    cell->kind = LNN_CELL_CFC;
    require(strcmp(lnn_refused_name(data, n, LNN_ERR_CELL), "cfc") == 0, "the name of the cell");
    table[2].offset = h->file_bytes - 4u;
    require(lnn_refused_name(data, n, LNN_ERR_CELL) == NULL, "a cell outside the file");
}

int main(int argc, char **argv) {
    size_t n;
    require(argc > 1, "usage: promises MODEL");
    uint8_t *data = read_model(argv[1], &n);
    wrong_arguments(data, n);
    refused_names(data, n);
    free(data);
    return 0;
}
