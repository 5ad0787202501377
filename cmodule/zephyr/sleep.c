/* SPDX-License-Identifier: MIT */
#include <zephyr/init.h>
#include <zephyr/kernel.h>
#include <zephyr/pm/policy.h>
#include <liquid_audio/sleep.h>

#if defined(CONFIG_SCHED_THREAD_USAGE_ALL)
uint64_t lnn_slept_us(void)
{
	k_thread_runtime_stats_t usage;

	return k_thread_runtime_stats_all_get(&usage) == 0 ? k_cyc_to_us_floor64(usage.idle_cycles)
							   : 0;
}

uint64_t lnn_busy_cycles(void)
{
	k_thread_runtime_stats_t usage;

	return k_thread_runtime_stats_all_get(&usage) == 0 ? usage.total_cycles : 0;
}
#else
uint64_t lnn_slept_us(void)
{
	return 0;
}

uint64_t lnn_busy_cycles(void)
{
	return 0;
}
#endif

void lnn_keep_clocks(bool keep)
{
	static const enum pm_state stopped[] = {PM_STATE_SUSPEND_TO_IDLE, PM_STATE_STANDBY,
						PM_STATE_SUSPEND_TO_RAM};
	for (size_t i = 0; i < ARRAY_SIZE(stopped); i++) {
		if (keep) {
			pm_policy_state_lock_get(stopped[i], PM_ALL_SUBSTATES);
		} else {
			pm_policy_state_lock_put(stopped[i], PM_ALL_SUBSTATES);
		}
	}
}

#if defined(CONFIG_LIQUID_AUDIO_MICROPYTHON)
/* The prompt's serial port would not wake the processor, so only liquid_audio.lightsleep() stops clocks. */
static int keep_prompt(void)
{
	lnn_keep_clocks(true);
	return 0;
}

SYS_INIT(keep_prompt, APPLICATION, 0);
#endif
