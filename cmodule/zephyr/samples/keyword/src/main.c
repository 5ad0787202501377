/* SPDX-License-Identifier: MIT */
/*
 * Listens for keywords without MicroPython. Audio comes from the microphone, the model is used in flash,
 * an LED changes with every confident keyword, and the processor sleeps in between.
 */
#include <errno.h>

#include <zephyr/drivers/gpio.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>
#include <liquid_audio/baked_model.h>
#include <liquid_audio/microphone.h>
#include <liquid_audio/sleep.h>
#include <liquid_audio_lnn.h>
#include <liquid_audio_verify.h>

#define CONFIDENT      0.8f
#define BLOCK_SAMPLES  320
#define REPORT_EVERY_S 10u

static const struct gpio_dt_spec led = GPIO_DT_SPEC_GET_OR(DT_ALIAS(led0), gpios, {0});

/* If the firmware was built with a public key, only a model that was signed with its private key. */
static lnn_status_t load_into(void *memory, uint32_t ram_bytes, lnn_model_t **model)
{
#ifdef CONFIG_LIQUID_AUDIO_VERIFY
	return lnn_load_verified(lnn_baked_model, lnn_baked_model_bytes, lnn_verify_ed25519,
				 &lnn_trusted_key, memory, ram_bytes, model);
#else
	return lnn_load(lnn_baked_model, lnn_baked_model_bytes, memory, ram_bytes, model);
#endif
}

static lnn_model_t *load(void)
{
	uint32_t ram_bytes;
	lnn_model_t *model;
	lnn_status_t status = lnn_ram_bytes(lnn_baked_model, lnn_baked_model_bytes, &ram_bytes);

	if (status == LNN_OK) {
		void *memory = k_aligned_alloc(8, ram_bytes);

		if (!memory) {
			printk("the model needs %u bytes of RAM: raise CONFIG_HEAP_MEM_POOL_SIZE "
			       "(%d)\n",
			       ram_bytes, CONFIG_HEAP_MEM_POOL_SIZE);
			return NULL;
		}
		status = load_into(memory, ram_bytes, &model);
	}
	if (status != LNN_OK) {
		printk("model: %s (%s)\n", lnn_error_text(status), lnn_error_name(status));
		return NULL;
	}
	return model;
}

static void print_report(const lnn_model_t *model)
{
	const lnn_counters_t *counters = lnn_get_counters(model);
	lnn_mic_stats_t mic;

	lnn_mic_get_stats(&mic);
	printk("report: steps %u gated %u of %u ticks, overruns %u, restarts %u, lost %u samples, "
	       "asleep %u of %u ms\n",
	       counters->steps, counters->gated_ticks, counters->ticks, mic.overruns, mic.restarts,
	       (uint32_t)mic.lost_samples, (uint32_t)(lnn_slept_us() / 1000u), k_uptime_get_32());
}

int main(void)
{
	static int16_t block[BLOCK_SAMPLES];
	lnn_mic_stamp_t stamp;
	lnn_result_t result;
	lnn_info_t info;
	lnn_model_t *model = load();

	if (!model) {
		return 0;
	}
	lnn_get_info(model, &info);
	lnn_set_clock(model, k_cycle_get_32);
	if (led.port) {
		gpio_pin_configure_dt(&led, GPIO_OUTPUT_INACTIVE);
	}
	const lnn_mic_config_t listen = {.sample_rate_hz = info.sample_rate_hz, .gain_q8 = 256};
	int error = lnn_mic_start(&listen);

	if (error) {
		printk("microphone %s: error %d\n", lnn_mic_name(), error);
		return 0;
	}
	printk("listening: %u labels, %u bytes in flash, %u bytes of RAM\n", info.n_labels,
	       info.model_bytes, info.ram_bytes);
	uint64_t next_report = REPORT_EVERY_S * info.sample_rate_hz;

	for (;;) {
		/* The processor sleeps until the block is there. */
		int n = lnn_mic_read(block, BLOCK_SAMPLES, -1, &stamp);

		if (n < 0) {
			printk("microphone %s: error %d\n", lnn_mic_name(), n);
			return 0;
		}
		lnn_skip(model, stamp.lost_samples);
		lnn_process(model, block, (size_t)n, &result);
		if (result.keyword_detected) {
			uint32_t basis_points = (uint32_t)(result.confidence * 10000.0f);

			printk("%6u ms %s %u.%02u %%\n", (uint32_t)(stamp.time_us / 1000),
			       result.keyword, basis_points / 100u, basis_points % 100u);
			if (led.port && result.confidence > CONFIDENT) {
				gpio_pin_toggle_dt(&led);
			}
		}
		if (lnn_get_counters(model)->samples >= next_report) {
			print_report(model);
			next_report += REPORT_EVERY_S * info.sample_rate_hz;
		}
	}
}
