/* SPDX-License-Identifier: MIT */
/* With CONFIG_PM: the clocks run while the microphone listens, and may stop when it does not. */
#include <zephyr/kernel.h>
#include <zephyr/pm/pm.h>
#include <zephyr/ztest.h>
#include <liquid_audio/microphone.h>
#include <liquid_audio/sleep.h>

static const lnn_mic_config_t config = {.sample_rate_hz = 16000, .gain_q8 = 256};
static uint32_t stops;

void pm_state_set(enum pm_state state, uint8_t substate)
{
	ARG_UNUSED(state);
	ARG_UNUSED(substate);
	stops++;
	k_cpu_idle();
}

void pm_state_exit_post_ops(enum pm_state state, uint8_t substate)
{
	ARG_UNUSED(state);
	ARG_UNUSED(substate);
	irq_unlock(0);
}

static uint32_t stops_within(int ms)
{
	uint32_t before = stops;

	k_msleep(ms);
	return stops - before;
}

ZTEST(power, test_no_clock_stops_while_the_microphone_listens)
{
	zassert_true(stops_within(100) > 0);
	zassert_ok(lnn_mic_start(&config));
	zassert_equal(stops_within(200), 0);
	zassert_ok(lnn_mic_stop());
	zassert_true(stops_within(100) > 0);
}

ZTEST(power, test_who_keeps_the_clocks_keeps_them_beside_the_microphone)
{
	lnn_keep_clocks(true);
	zassert_ok(lnn_mic_start(&config));
	zassert_ok(lnn_mic_stop());
	zassert_equal(stops_within(100), 0);
	lnn_keep_clocks(false);
	zassert_true(stops_within(100) > 0);
}

ZTEST(power, test_time_with_stopped_clocks_is_sleep)
{
	uint64_t slept_us = lnn_slept_us();

	zassert_true(stops_within(100) > 0);
	slept_us = lnn_slept_us() - slept_us;
	zassert_true(slept_us > 90000, "%u ms", (uint32_t)(slept_us / 1000));
}

ZTEST_SUITE(power, NULL, NULL, NULL, NULL, NULL);
