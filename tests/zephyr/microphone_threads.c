/* SPDX-License-Identifier: MIT */
/*
 * microphone.c as it is, on POSIX threads (shim/), with a driver that counts its blocks.  Every scenario prints one line
 * and leaves with a code that is not 0 if it is wrong; ThreadSanitizer adds what it sees.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "../../cmodule/zephyr/microphone.c"

#define N LNN_MIC_BLOCK_SAMPLES
#define RATE_HZ 16000
#define N_ROUNDS 200
#define PATIENCE_MS 60000
#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf("line %d: not %s\n", __LINE__, #condition);                                                         \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

const struct device shim_microphone = {"shim"};
static const lnn_mic_config_t config = {RATE_HZ, 256, 0};
static atomic_int is_silent, block_us = 1000, driver_users, clocks_kept;
static int block; /* the driver's own state is plain: microphone.c must not use the driver from two threads */

static void enter(void) {
    CHECK(atomic_fetch_add(&driver_users, 1) == 0);
}

static void leave(void) {
    atomic_fetch_sub(&driver_users, 1);
}

void lnn_keep_clocks(bool keep) {
    clocks_kept += keep ? 1 : -1;
}

int lnn_mic_source_start(const struct device *device, const lnn_mic_config_t *with) {
    enter();
    CHECK(device == &shim_microphone && with->sample_rate_hz == RATE_HZ);
    leave();
    return 0;
}

void lnn_mic_source_stop(const struct device *device, const lnn_mic_config_t *with) {
    enter();
    CHECK(device == &shim_microphone && with->sample_rate_hz == RATE_HZ);
    leave();
}

int lnn_mic_source_take(const struct device *device, const lnn_mic_config_t *with, int16_t *audio) {
    enter();
    CHECK(device == &shim_microphone && with->gain_q8 == 256);
    usleep(block_us);
    int n = -EAGAIN;
    if (!is_silent) {
        block = (block + 1) % 10000;
        for (int i = 0; audio && i < N; i++) {
            audio[i] = (int16_t)block;
        }
        n = N;
    }
    leave();
    return n;
}

static void *read_for_ever(void *result) {
    int16_t audio[N];
    lnn_mic_stamp_t stamp;
    int n;
    do {
        n = lnn_mic_read(audio, N, -1, &stamp);
    } while (n >= 0);
    *(int *)result = n;
    return NULL;
}

/* Every reader that waits without a limit wakes with -EPIPE, also if the next start comes at once. */
static void stop_wakes_all(void) {
    is_silent = 1;
    for (int round = 0; round < 20; round++) {
        pthread_t readers[3];
        int results[3] = {0};
        CHECK(lnn_mic_start(&config) == 0 && clocks_kept == 1);
        while (shim_waiting > 0) { /* until the microphone's thread captures */
            usleep(100);
        }
        for (int i = 0; i < 3; i++) {
            pthread_create(&readers[i], NULL, read_for_ever, &results[i]);
        }
        while (shim_waiting < 3) { /* until all readers wait */
            usleep(100);
        }
        CHECK(lnn_mic_stop() == 0);
        if (round % 2) {
            CHECK(lnn_mic_start(&config) == 0);
        }
        for (int i = 0; i < 3; i++) {
            pthread_join(readers[i], NULL);
            CHECK(results[i] == -EPIPE);
        }
        CHECK(lnn_mic_stop() == 0 && clocks_kept == 0);
    }
    is_silent = 0;
}

static void *start_and_stop(void *n_started) {
    for (int i = 0; i < N_ROUNDS; i++) {
        int error = lnn_mic_start(&config);
        CHECK(error == 0 || error == -EBUSY);
        *(int *)n_started += error == 0;
        CHECK(lnn_mic_stop() == 0);
    }
    return NULL;
}

/* Threads start, stop, read and count at once: the driver has one user at a time, and all is off at the end. */
static void start_stop_race(void) {
    pthread_t threads[3];
    int n_started[3] = {0};
    block_us = 100;
    for (int i = 0; i < 3; i++) {
        pthread_create(&threads[i], NULL, start_and_stop, &n_started[i]);
    }
    for (int i = 0; i < N_ROUNDS; i++) {
        int16_t audio[N];
        lnn_mic_stamp_t stamp;
        lnn_mic_stats_t stats;
        int n = lnn_mic_read(audio, N, 1, &stamp);
        CHECK(n >= 0 || n == -EPIPE);
        lnn_mic_get_stats(&stats);
    }
    int total = 0;
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        total += n_started[i];
    }
    CHECK(total > 0 && mic.state == STOPPED && clocks_kept == 0);
    block_us = 1000;
}

/* Blocks come in order, and each that is missing was told, with all counters on their way through a wrap. */
static void counters_wrap(void) {
    int16_t audio[N];
    lnn_mic_stamp_t stamp;
    int last = -1;
    CHECK(lnn_mic_start(&config) == 0);
    k_mutex_lock(&lock, K_FOREVER);
    mic.stats = (lnn_mic_stats_t){UINT64_MAX - N, UINT64_MAX - N, UINT32_MAX, UINT32_MAX};
    mic.capture = UINT32_MAX;
    k_mutex_unlock(&lock);
    for (int i = 0; i < 60; i++) {
        if (i % 20 == 0) {
            usleep(10000); /* an overrun */
        }
        int n = lnn_mic_read(audio, N, PATIENCE_MS, &stamp);
        CHECK(n == N && stamp.lost_samples % N == 0);
        CHECK(last < 0 || audio[0] == last + 1 + (int)(stamp.lost_samples / N));
        CHECK(audio[0] == audio[N - 1]);
        last = audio[0];
    }
    lnn_mic_stats_t stats;
    lnn_mic_get_stats(&stats);
    CHECK(stats.overruns < UINT32_MAX / 2 && stats.samples < UINT32_MAX);
    lnn_mic_stop();
    CHECK(lnn_mic_start(&config) == 0 && mic.capture == 0);
    CHECK(lnn_mic_read(audio, N, PATIENCE_MS, &stamp) == N);
    lnn_mic_stop();
    CHECK(longer(UINT32_MAX - 1, 1) == UINT32_MAX && longer(UINT32_MAX, N) == UINT32_MAX && longer(1, N) == N + 1);
    CHECK(us_to_samples(INT64_C(1) << 40, RATE_HZ) == UINT32_MAX);
}

/* A read that waits for nothing returns at once; a reader that looks away is told what it lost. */
static void reads(void) {
    int16_t audio[3 * N];
    lnn_mic_stamp_t stamp;
    lnn_mic_stats_t stats;
    CHECK(lnn_mic_read(audio, N, 0, &stamp) == -EPIPE);
    CHECK(lnn_mic_start(NULL) == -EINVAL);
    CHECK(lnn_mic_start(&(lnn_mic_config_t){0, 256, 0}) == -EINVAL);
    CHECK(lnn_mic_start(&(lnn_mic_config_t){RATE_HZ, 256, 2}) == -EINVAL);
    CHECK(lnn_mic_start(&config) == 0 && lnn_mic_start(&config) == -EBUSY);
    is_silent = 1;
    do { /* until the microphone's thread has noticed, however busy the machine is */
        usleep(1000);
        lnn_mic_get_stats(&stats);
    } while (stats.restarts == 0);
    while (lnn_mic_read(audio, 3 * N, 0, &stamp) > 0) {
    }
    CHECK(lnn_mic_read(audio, N, 0, &stamp) == 0 && lnn_mic_read(audio, N, 5, &stamp) == 0);
    is_silent = 0;
    CHECK(lnn_mic_read(audio, N, PATIENCE_MS, &stamp) == N && stamp.lost_samples > 0);
    lnn_mic_get_stats(&stats);
    CHECK(stats.restarts > 0 && stats.lost_samples >= stamp.lost_samples);
    lnn_mic_stop();
}

int main(void) {
    reads();
    stop_wakes_all();
    start_stop_race();
    counters_wrap();
    puts("clean");
    return 0;
}
