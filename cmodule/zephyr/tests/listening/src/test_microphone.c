/* SPDX-License-Identifier: MIT */
/* The microphone's thread and queue, on the emulated DMIC: every sample is read or counted as lost. */
#include <errno.h>

#include <zephyr/kernel.h>
#include <zephyr/ztest.h>
#include <liquid_audio/emul_dmic.h>
#include <liquid_audio/microphone.h>
#include <liquid_audio/sleep.h>

#define RATE_HZ  16000
#define BLOCK    CONFIG_LIQUID_AUDIO_MIC_BLOCK_SAMPLES
#define QUEUE_MS (1000 * CONFIG_LIQUID_AUDIO_MIC_QUEUE_BLOCKS * BLOCK / RATE_HZ)

static const lnn_mic_config_t config = {.sample_rate_hz = RATE_HZ, .gain_q8 = 256};
static int16_t audio[BLOCK];

/* Reads for a while; returns the samples read and those told to be lost. */
static uint32_t listen(int ms, uint32_t *lost)
{
	int64_t end = k_uptime_get() + ms;
	lnn_mic_stamp_t stamp;
	uint32_t n_read = 0;

	while (k_uptime_get() < end) {
		int n = lnn_mic_read(audio, BLOCK, 100, &stamp);

		zassert_true(n >= 0, "%d", n);
		n_read += (uint32_t)n;
		*lost += stamp.lost_samples;
	}
	return n_read;
}

static void after(void *fixture)
{
	ARG_UNUSED(fixture);
	lnn_emul_dmic_unplug(lnn_emul_dmic(), false);
	lnn_mic_stop();
}

ZTEST(microphone, test_one_second_has_its_samples)
{
	uint32_t lost = 0;

	zassert_ok(lnn_mic_start(&config));
	zassert_within(listen(1000, &lost), RATE_HZ, 2 * BLOCK);
	zassert_equal(lost, 0);
}

ZTEST(microphone, test_is_opened_once)
{
	zassert_ok(lnn_mic_start(&config));
	zassert_equal(lnn_mic_start(&config), -EBUSY);
}

ZTEST(microphone, test_stopped_has_no_audio)
{
	lnn_mic_stamp_t stamp;

	zassert_ok(lnn_mic_start(&config));
	zassert_ok(lnn_mic_stop());
	zassert_equal(lnn_mic_read(audio, BLOCK, 0, &stamp), -EPIPE);
	zassert_ok(lnn_mic_start(&config), "starts again");
}

ZTEST(microphone, test_odd_reads_see_a_steady_clock)
{
	lnn_mic_stamp_t stamp;
	int64_t first_us = 0;
	uint32_t n_read = 0;

	zassert_ok(lnn_mic_start(&config));
	for (int i = 0; i < 200; i++) {
		int n = lnn_mic_read(audio, 77, 100, &stamp);

		zassert_equal(n, 77);
		if (i == 0) {
			first_us = stamp.time_us;
		}
		zassert_within(stamp.time_us - first_us, (int64_t)n_read * 1000000 / RATE_HZ, 2000);
		n_read += (uint32_t)n;
	}
}

ZTEST(microphone, test_a_reader_who_looks_away_loses_what_is_counted)
{
	uint32_t lost = 0;
	lnn_mic_stats_t stats;

	zassert_ok(lnn_mic_start(&config));
	int64_t start = k_uptime_get();
	uint32_t n_read = listen(100, &lost);

	zassert_equal(lost, 0);
	k_msleep(3 * QUEUE_MS);
	n_read += listen(200, &lost);
	lnn_mic_get_stats(&stats);
	zassert_true(stats.overruns > 0);
	zassert_equal(stats.lost_samples, lost);
	zassert_equal(stats.restarts, 0);
	uint32_t heard = (uint32_t)(k_uptime_get() - start) * RATE_HZ / 1000;

	zassert_within(n_read + lost, heard, 2 * BLOCK);
}

ZTEST(microphone, test_unplugged_is_counted_and_healed)
{
	uint32_t lost = 0;
	lnn_mic_stats_t stats;

	zassert_ok(lnn_mic_start(&config));
	int64_t start = k_uptime_get();
	uint32_t n_read = listen(200, &lost);

	lnn_emul_dmic_unplug(lnn_emul_dmic(), true);
	n_read += listen(1000, &lost);
	lnn_emul_dmic_unplug(lnn_emul_dmic(), false);
	n_read += listen(500, &lost);
	lnn_mic_get_stats(&stats);
	zassert_true(stats.restarts > 0);
	zassert_true(lost > RATE_HZ / 2, "%u", lost);
	zassert_equal(stats.lost_samples, lost);
	uint32_t heard = (uint32_t)(k_uptime_get() - start) * RATE_HZ / 1000;

	zassert_within(n_read + lost, heard, 3 * BLOCK);
}

ZTEST(microphone, test_waiting_is_sleeping)
{
	uint32_t lost = 0;
	uint64_t slept_us = lnn_slept_us();

	zassert_ok(lnn_mic_start(&config));
	listen(1000, &lost);
	slept_us = lnn_slept_us() - slept_us;
	zassert_true(slept_us > 900000, "%u ms", (uint32_t)(slept_us / 1000));
}

static K_THREAD_STACK_DEFINE(reader_stack, 2048);
static struct k_thread reader;
static int reader_result;

static void read_without_limit(void *a, void *b, void *c)
{
	static int16_t heard[BLOCK];
	lnn_mic_stamp_t stamp;

	ARG_UNUSED(a);
	ARG_UNUSED(b);
	ARG_UNUSED(c);
	reader_result = lnn_mic_read(heard, BLOCK, -1, &stamp);
}

/* Also a reader of a microphone that is silent, and that is started again at once. */
ZTEST(microphone, test_a_stop_wakes_the_reader)
{
	zassert_ok(lnn_mic_start(&config));
	lnn_emul_dmic_unplug(lnn_emul_dmic(), true);
	k_msleep(QUEUE_MS);
	while (lnn_mic_read(audio, BLOCK, 0, &(lnn_mic_stamp_t){0}) > 0) {
	}
	k_thread_create(&reader, reader_stack, K_THREAD_STACK_SIZEOF(reader_stack),
			read_without_limit, NULL, NULL, NULL, K_PRIO_PREEMPT(10), 0, K_NO_WAIT);
	k_msleep(50);
	zassert_ok(lnn_mic_stop());
	zassert_ok(lnn_mic_start(&config));
	zassert_ok(k_thread_join(&reader, K_MSEC(1000)), "the reader still waits");
	zassert_equal(reader_result, -EPIPE);
}

/* A driver stops after the block under way, here 40 ms, and takes no configuration until then. */
ZTEST(microphone, test_starts_again_at_8_khz)
{
	const lnn_mic_config_t slow = {.sample_rate_hz = 8000, .gain_q8 = 256};

	for (int i = 0; i < 5; i++) {
		zassert_ok(lnn_mic_start(&slow));
		k_msleep(3);
		zassert_ok(lnn_mic_stop());
	}
	zassert_ok(lnn_mic_start(&config));
}

ZTEST_SUITE(microphone, NULL, NULL, NULL, after, NULL);
