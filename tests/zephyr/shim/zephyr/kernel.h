/* SPDX-License-Identifier: MIT */
/* Of Zephyr's kernel what the microphone calls, on POSIX threads, so that ThreadSanitizer can watch it. */
#ifndef SHIM_KERNEL_H
#define SHIM_KERNEL_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ARG_UNUSED(x) (void)(x)
#define CLAMP(x, low, high) ((x) < (low) ? (low) : (x) > (high) ? (high) : (x))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define ROUND_UP(x, n) (((x) + (n) - 1) / (n) * (n))
#define USEC_PER_SEC 1000000
#define NSEC_PER_MSEC 1000000

static inline int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

#define k_uptime_ticks() (now_ns() / 1000)
#define k_ticks_to_us_floor64(ticks) ((uint64_t)(ticks))
#define k_msleep(ms) usleep((ms) * 1000)

typedef struct {
    int64_t ns; /* -1: for ever */
} k_timeout_t;
typedef struct {
    int64_t ns;
} k_timepoint_t;

#define K_FOREVER ((k_timeout_t){-1})
#define K_NO_WAIT ((k_timeout_t){0})
#define K_MSEC(ms) ((k_timeout_t){(int64_t)(ms) * NSEC_PER_MSEC})

static inline k_timepoint_t sys_timepoint_calc(k_timeout_t timeout) {
    return (k_timepoint_t){timeout.ns < 0 ? -1 : now_ns() + timeout.ns};
}

static inline k_timeout_t sys_timepoint_timeout(k_timepoint_t end) {
    int64_t left = end.ns - now_ns();
    return end.ns < 0 ? K_FOREVER : (k_timeout_t){left < 0 ? 0 : left};
}

static inline bool sys_timepoint_expired(k_timepoint_t end) {
    return end.ns >= 0 && now_ns() >= end.ns;
}

struct k_mutex {
    pthread_mutex_t of;
};
struct k_condvar {
    pthread_cond_t of;
};
#define K_MUTEX_DEFINE(name) struct k_mutex name = {PTHREAD_MUTEX_INITIALIZER}
#define K_CONDVAR_DEFINE(name) struct k_condvar name = {PTHREAD_COND_INITIALIZER}
#define k_mutex_lock(mutex, timeout) pthread_mutex_lock(&(mutex)->of)
#define k_mutex_unlock(mutex) pthread_mutex_unlock(&(mutex)->of)
#define k_condvar_broadcast(condvar) pthread_cond_broadcast(&(condvar)->of)

/* How many threads wait for a condition. */
static _Atomic int shim_waiting;

static inline int k_condvar_wait(struct k_condvar *condvar, struct k_mutex *mutex, k_timeout_t timeout) {
    int64_t end = now_ns() + timeout.ns;
    struct timespec at = {end / 1000000000, end % 1000000000};
    shim_waiting++;
    int error = timeout.ns < 0 ? pthread_cond_wait(&condvar->of, &mutex->of)
                               : pthread_cond_timedwait(&condvar->of, &mutex->of, &at);
    shim_waiting--;
    return error ? -EAGAIN : 0;
}

struct k_mem_slab {
    size_t bytes;
    int used;
};
#define K_MEM_SLAB_DEFINE_STATIC(name, block_bytes, n, align) static struct k_mem_slab name = {block_bytes, 0}

static inline int k_mem_slab_alloc(struct k_mem_slab *slab, void **block, k_timeout_t timeout) {
    (void)timeout;
    *block = calloc(1, slab->bytes);
    slab->used++;
    return 0;
}

static inline void k_mem_slab_free(struct k_mem_slab *slab, void *block) {
    free(block);
    slab->used--;
}

#define k_mem_slab_num_used_get(slab) ((slab)->used)

/* A thread that starts before main(). */
#define K_THREAD_DEFINE(name, stack, run, a, b, c, priority, options, delay)                                           \
    static void *name##_run(void *unused) {                                                                            \
        run(a, b, c);                                                                                                  \
        return unused;                                                                                                 \
    }                                                                                                                  \
    __attribute__((constructor)) static void name##_start(void) {                                                      \
        pthread_t thread;                                                                                              \
        pthread_create(&thread, NULL, name##_run, NULL);                                                               \
    }

#endif
