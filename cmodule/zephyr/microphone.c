/* SPDX-License-Identifier: MIT */
/*
 * All that the threads share is behind `lock`: the microphone's thread, readers, and whoever starts and
 * stops. The driver is used without it: by lnn_mic_start() while the microphone is stopped, by the thread
 * alone from then on until it has stopped the driver.
 */
#include <errno.h>
#include <string.h>

#include <zephyr/logging/log.h>
#include <liquid_audio/sleep.h>

#include "drivers_checked.h"
#include "microphone_source.h"

LOG_MODULE_REGISTER(liquid_audio, CONFIG_LIQUID_AUDIO_LOG_LEVEL);

#define QUEUE_BLOCKS     CONFIG_LIQUID_AUDIO_MIC_QUEUE_BLOCKS
#define RESTART_PAUSE_MS 1

enum state {
	STOPPED,
	RUNNING,
	STOPPING, /* the thread still has the driver */
};

struct block {
	int64_t end_us;        /* uptime when the block was complete */
	uint32_t lost_samples; /* between the block before and this one */
	uint16_t n_samples;
	int16_t audio[LNN_MIC_BLOCK_SAMPLES];
};

static struct {
	enum state state;
	uint32_t capture; /* which one, for readers that wait across a stop and a start */
	lnn_mic_config_t config;
	lnn_mic_stats_t stats;
	struct block queue[QUEUE_BLOCKS];
	uint32_t first;        /* of the queue's blocks */
	uint32_t n_blocks;     /* in the queue */
	uint32_t read_samples; /* of the first block */
} mic;

static K_MUTEX_DEFINE(lock);
static K_CONDVAR_DEFINE(changed); /* the state, or a block has come */

const char *lnn_mic_name(void)
{
	const struct device *device = LNN_MIC_DEVICE;

	return device != NULL ? device->name : "liquid-audio,microphone";
}

bool lnn_mic_exists(void)
{
	const struct device *device = LNN_MIC_DEVICE;

	return device != NULL && device_is_ready(device);
}

static int64_t uptime_us(void)
{
	return (int64_t)k_ticks_to_us_floor64(k_uptime_ticks());
}

static uint32_t us_to_samples(int64_t us, uint32_t rate_hz)
{
	return us <= 0 ? 0 : (uint32_t)MIN(us * rate_hz / USEC_PER_SEC, UINT32_MAX);
}

static int64_t samples_to_us(uint32_t samples, uint32_t rate_hz)
{
	return (int64_t)samples * USEC_PER_SEC / rate_hz;
}

/* A gap that is too long to count stays as long as can be told. */
static uint32_t longer(uint32_t samples, uint32_t more)
{
	return samples > UINT32_MAX - more ? UINT32_MAX : samples + more;
}

static bool is_running(void)
{
	k_mutex_lock(&lock, K_FOREVER);
	bool running = mic.state == RUNNING;

	k_mutex_unlock(&lock);
	return running;
}

/* The block that the thread may write without the lock, or NULL if the queue is full. */
static struct block *free_block(void)
{
	k_mutex_lock(&lock, K_FOREVER);
	struct block *block = mic.n_blocks == QUEUE_BLOCKS
				      ? NULL
				      : &mic.queue[(mic.first + mic.n_blocks) % QUEUE_BLOCKS];

	k_mutex_unlock(&lock);
	return block;
}

static void restart(const lnn_mic_config_t *config)
{
	LOG_WRN("%s fell silent and is restarted", lnn_mic_name());
	lnn_mic_source_stop(LNN_MIC_DEVICE, config);
	/* A failure shows at the next take. */
	(void)lnn_mic_source_start(LNN_MIC_DEVICE, config);
	k_mutex_lock(&lock, K_FOREVER);
	mic.stats.restarts++;
	k_mutex_unlock(&lock);
	k_msleep(RESTART_PAUSE_MS);
}

static void capture(const lnn_mic_config_t *config)
{
	int64_t last_us = uptime_us();
	uint32_t lost_samples = 0;
	bool was_restarted = false;

	while (is_running()) {
		/*
		 * If the queue is full, the newest block is lost: the reader's audio then has one gap,
		 * not many.
		 */
		struct block *block = free_block();
		int n = lnn_mic_source_take(LNN_MIC_DEVICE, config,
					    block != NULL ? block->audio : NULL);
		int64_t now_us = uptime_us();
		uint32_t silent_samples = 0;

		if (n <= 0) {
			if (is_running()) {
				restart(config);
				was_restarted = true;
			}
			continue;
		}
		if (was_restarted) {
			silent_samples = us_to_samples(
				now_us - last_us -
					samples_to_us((uint32_t)n, config->sample_rate_hz),
				config->sample_rate_hz);
			was_restarted = false;
		}
		last_us = now_us;

		k_mutex_lock(&lock, K_FOREVER);
		mic.stats.samples += (uint32_t)n;
		mic.stats.lost_samples += silent_samples;
		lost_samples = longer(lost_samples, silent_samples);
		if (block == NULL) {
			mic.stats.lost_samples += (uint32_t)n;
			mic.stats.overruns++;
			lost_samples = longer(lost_samples, (uint32_t)n);
		} else {
			block->end_us = now_us;
			block->n_samples = (uint16_t)n;
			block->lost_samples = lost_samples;
			lost_samples = 0;
			mic.n_blocks++;
			k_condvar_broadcast(&changed);
		}
		k_mutex_unlock(&lock);
	}
}

static void listen(void *a, void *b, void *c)
{
	ARG_UNUSED(a);
	ARG_UNUSED(b);
	ARG_UNUSED(c);
	for (;;) {
		k_mutex_lock(&lock, K_FOREVER);
		while (mic.state == STOPPED) { /* a stop may have come already */
			k_condvar_wait(&changed, &lock, K_FOREVER);
		}
		lnn_mic_config_t config = mic.config;

		k_mutex_unlock(&lock);
		capture(&config);
		lnn_mic_source_stop(LNN_MIC_DEVICE, &config);
		lnn_keep_clocks(false);

		k_mutex_lock(&lock, K_FOREVER);
		mic.state = STOPPED;
		k_condvar_broadcast(&changed);
		k_mutex_unlock(&lock);
	}
}

K_THREAD_DEFINE(lnn_microphone, CONFIG_LIQUID_AUDIO_MIC_STACK_BYTES, listen, NULL, NULL, NULL,
		CONFIG_LIQUID_AUDIO_MIC_PRIORITY, 0, 0);

int lnn_mic_start(const lnn_mic_config_t *config)
{
	if (config == NULL || config->sample_rate_hz == 0 || config->channel > 1) {
		return -EINVAL;
	}
	if (!lnn_mic_exists()) {
		LOG_ERR("%s is missing or not ready", lnn_mic_name());
		return -ENODEV;
	}
#if defined(LNN_MIC_REFUSED)
	LOG_ERR("%s", LNN_MIC_REFUSED);
	return -ENOTSUP;
#endif
	k_mutex_lock(&lock, K_FOREVER);
	int error = mic.state == STOPPED ? lnn_mic_source_start(LNN_MIC_DEVICE, config) : -EBUSY;

	if (error == 0) {
		/* Receivers and their DMA stand still while the clocks stop. */
		lnn_keep_clocks(true);
		mic.config = *config;
		mic.capture++;
		mic.first = mic.n_blocks = mic.read_samples = 0;
		memset(&mic.stats, 0, sizeof(mic.stats));
		mic.state = RUNNING;
		k_condvar_broadcast(&changed);
	}
	k_mutex_unlock(&lock);
	return error;
}

int lnn_mic_stop(void)
{
	k_mutex_lock(&lock, K_FOREVER);
	uint32_t stopped = mic.capture;

	if (mic.state == RUNNING) {
		mic.state = STOPPING;
		k_condvar_broadcast(&changed);
	}
	while (mic.state != STOPPED && mic.capture == stopped) {
		k_condvar_wait(&changed, &lock, K_FOREVER);
	}
	k_mutex_unlock(&lock);
	return 0;
}

/* Copies from the first block. Call with the lock. Returns 0 before a gap that is not at the start. */
static size_t copy(int16_t *audio, size_t n_samples, bool is_start, lnn_mic_stamp_t *stamp)
{
	const struct block *block = &mic.queue[mic.first];
	uint32_t lost_samples = mic.read_samples == 0 ? block->lost_samples : 0;
	uint32_t left = block->n_samples - mic.read_samples;
	size_t n = MIN(n_samples, (size_t)left);

	if (is_start) {
		stamp->time_us = block->end_us - samples_to_us(left, mic.config.sample_rate_hz);
		stamp->lost_samples = lost_samples;
	} else if (lost_samples > 0) {
		return 0;
	}
	memcpy(audio, block->audio + mic.read_samples, n * sizeof(*audio));
	mic.read_samples += (uint32_t)n;
	if (n == left) {
		mic.read_samples = 0;
		mic.first = (mic.first + 1) % QUEUE_BLOCKS;
		mic.n_blocks--; /* now the thread may write there */
	}
	return n;
}

int lnn_mic_read(int16_t *audio, size_t n_samples, int32_t timeout_ms, lnn_mic_stamp_t *stamp)
{
	k_timepoint_t end = sys_timepoint_calc(timeout_ms < 0 ? K_FOREVER : K_MSEC(timeout_ms));
	size_t n = 0;
	int error = 0;

	*stamp = (lnn_mic_stamp_t){0};
	k_mutex_lock(&lock, K_FOREVER);
	uint32_t begun = mic.capture;

	while (n < n_samples) {
		if (mic.state != RUNNING || mic.capture != begun) {
			error = -EPIPE;
			break;
		}
		if (mic.n_blocks == 0) {
			if (sys_timepoint_expired(end)) {
				break;
			}
			(void)k_condvar_wait(&changed, &lock, sys_timepoint_timeout(end));
			continue;
		}
		size_t part = copy(audio + n, n_samples - n, n == 0, stamp);

		if (part == 0) {
			break;
		}
		n += part;
	}
	k_mutex_unlock(&lock);
	return error != 0 ? error : (int)n;
}

void lnn_mic_get_stats(lnn_mic_stats_t *stats)
{
	k_mutex_lock(&lock, K_FOREVER);
	*stats = mic.stats;
	k_mutex_unlock(&lock);
}
