/* SPDX-License-Identifier: MIT */
/*
 * The C core on many models, which are read from models.bin: a length and a file each. What each of them gives goes to
 * results.bin: a length in words and words, which must be the same on every core but for the floats of float models.
 */
#include "board.h"
#include "drive.h"
#include "internal.h"

#define MOST_MODEL_BYTES 0x120000u
#define MOST_MEMORY_BYTES 0x30000u
#define MOST_WORDS 0x2000u
#define MOST_MACS 300000u /* of all steps of a drive, about */

static uint64_t file[MOST_MODEL_BYTES / 8u], memory[MOST_MEMORY_BYTES / 8u];
static uint32_t words[MOST_WORDS], n_words;

static void add(uint32_t word) {
    if (n_words < MOST_WORDS) {
        words[n_words++] = word;
    }
}

static void add_floats(const float *x, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        uint32_t bits;
        __builtin_memcpy(&bits, &x[i], sizeof bits);
        add(bits);
    }
}

/* What the cells hear, their states before, which drive_one_step() makes, and after; then the logits. */
static void add_one_step(lnn_model_t *m) {
    drive_one_step(m);
    for (uint32_t k = 0; k < m->info.n_cells; k++) {
        const lnn_cell_t *cell = &m->cells[k];
        add_floats(cell->as.f32.uh, (uint32_t)cell->n_inputs + cell->n_units);
    }
    for (uint32_t i = 0; i < m->info.n_labels; i++) {
        float logit = (float)m->readout.logits_q16[i] * (1.0f / 65536.0f);
        add_floats(&logit, 1);
    }
}

static void run(lnn_model_t *m) {
    uint32_t steps = MOST_MACS / (m->info.macs_per_step + 500u),
             windows = 60000u / (m->frontend.fft_points * 8u + 500u);
    bool integer_audio = m->frontend.kind == LNN_FRONTEND_LOGMEL_Q15 || m->frontend.kind == LNN_FRONTEND_LOGMEL_S16;
    steps = steps < 3u ? 3u : steps > 100u ? 100u : steps;
    add((uint32_t)lnn_selftest(m, NULL));
    if (!m->integer) {
        add_one_step(m);
        return;
    }
    add(drive_steps(m, steps));
    if (integer_audio) {
        add(drive_frontend(m, windows));
        add(drive_engine(m, 1u + steps * m->gate.tick_samples / 400u % 100u));
        add(drive_changes(m, steps, 4000));
    }
}

int main(void) {
    int in = open_file("models.bin", false), out = open_file("results.bin", true);
    uint32_t bytes;
    if (in < 0 || out < 0) {
        print("cannot open the files\n");
        return 1;
    }
    while (read_file(in, &bytes, sizeof bytes) == sizeof bytes) {
        lnn_model_t *m = NULL;
        n_words = 0;
        if (bytes > sizeof file || read_file(in, file, bytes) != bytes) {
            print("a model is too large\n");
            return 1;
        }
        lnn_status_t status = lnn_load(file, bytes, memory, sizeof memory, &m);
        add((uint32_t)status);
        if (status == LNN_OK) {
            add(m->info.ram_bytes);
            run(m);
        }
        write_file(out, &n_words, sizeof n_words);
        write_file(out, words, n_words * (uint32_t)sizeof *words);
    }
    return 0;
}
