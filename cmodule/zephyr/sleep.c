#include <zephyr/kernel.h>
#include <liquid_audio/sleep.h>

uint64_t lnn_slept_us(void) {
#if defined(CONFIG_SCHED_THREAD_USAGE_ALL)
    k_thread_runtime_stats_t usage;
    if (k_thread_runtime_stats_all_get(&usage) == 0) {
        return k_cyc_to_us_floor64(usage.idle_cycles);
    }
#endif
    return 0;
}
