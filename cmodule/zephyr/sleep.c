#include <zephyr/kernel.h>
#include <liquid_audio/sleep.h>

#if defined(CONFIG_SCHED_THREAD_USAGE_ALL)
uint64_t lnn_slept_us(void) {
    k_thread_runtime_stats_t usage;
    return k_thread_runtime_stats_all_get(&usage) == 0 ? k_cyc_to_us_floor64(usage.idle_cycles) : 0;
}

uint64_t lnn_busy_cycles(void) {
    k_thread_runtime_stats_t usage;
    return k_thread_runtime_stats_all_get(&usage) == 0 ? usage.total_cycles : 0;
}
#else
uint64_t lnn_slept_us(void) {
    return 0;
}

uint64_t lnn_busy_cycles(void) {
    return 0;
}
#endif
