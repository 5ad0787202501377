#include <errno.h>
#include <string.h>

#include <liquid_audio/sleep.h>

#include "microphone_source.h"

#define QUEUE_BLOCKS CONFIG_LIQUID_AUDIO_MIC_QUEUE_BLOCKS

typedef struct {
	int64_t end_us;	       /* uptime when the block was complete */
	uint32_t lost_samples; /* between the block before and this one */
	uint16_t n_samples;
	int16_t audio[LNN_MIC_BLOCK_SAMPLES];
} block_t;

static struct {
	lnn_mic_config_t config;
	lnn_mic_stats_t stats;
	block_t queue[QUEUE_BLOCKS];
	uint32_t written,
		read; /* blocks since the start: one thread writes each, so there is no lock */
	uint32_t read_samples; /* of the block `read` */
	atomic_t running;
} mic;

static K_SEM_DEFINE(may_run, 0, 1);
static K_SEM_DEFINE(has_ended, 0, 1);
static K_SEM_DEFINE(has_block, 0, QUEUE_BLOCKS);

const char *lnn_mic_name(void)
{
	const struct device *device = LNN_MIC_DEVICE;
	return device ? device->name : "liquid-audio,microphone";
}

bool lnn_mic_exists(void)
{
	const struct device *device = LNN_MIC_DEVICE;
	return device && device_is_ready(device);
}

static int64_t uptime_us(void)
{
	return (int64_t)k_ticks_to_us_floor64(k_uptime_ticks());
}

static uint32_t us_to_samples(int64_t us)
{
	return us <= 0 ? 0 : (uint32_t)(us * mic.config.sample_rate_hz / USEC_PER_SEC);
}

static int64_t samples_to_us(uint32_t samples)
{
	return (int64_t)samples * USEC_PER_SEC / mic.config.sample_rate_hz;
}

static void listen(void *a, void *b, void *c)
{
	ARG_UNUSED(a);
	ARG_UNUSED(b);
	ARG_UNUSED(c);
	for (;;) {
		k_sem_take(&may_run, K_FOREVER);
		int64_t last_us = uptime_us();
		uint32_t lost_samples = 0;
		bool was_restarted = false;
		while (atomic_get(&mic.running)) {
			/* When the queue is full the newest block goes: the reader's audio then has one gap, not many. */
			bool is_full = mic.written - mic.read == QUEUE_BLOCKS;
			block_t *block = &mic.queue[mic.written % QUEUE_BLOCKS];
			int n = lnn_mic_source_take(LNN_MIC_DEVICE, &mic.config,
						    is_full ? NULL : block->audio);
			if (n <= 0) {
				if (!atomic_get(&mic.running)) {
					break;
				}
				lnn_mic_source_stop(LNN_MIC_DEVICE);
				(void)lnn_mic_source_start(
					LNN_MIC_DEVICE,
					&mic.config); /* a failure shows at the next take */
				mic.stats.restarts++;
				was_restarted = true;
				k_msleep(1);
				continue;
			}
			int64_t now_us = uptime_us();
			if (was_restarted) {
				uint32_t silent_samples = us_to_samples(now_us - last_us -
									samples_to_us((uint32_t)n));
				lost_samples += silent_samples;
				mic.stats.lost_samples += silent_samples;
				was_restarted = false;
			}
			last_us = now_us;
			mic.stats.samples += (uint32_t)n;
			if (is_full) {
				lost_samples += (uint32_t)n;
				mic.stats.lost_samples += (uint32_t)n;
				mic.stats.overruns++;
				continue;
			}
			block->end_us = now_us;
			block->n_samples = (uint16_t)n;
			block->lost_samples = lost_samples;
			lost_samples = 0;
			mic.written++;
			k_sem_give(&has_block);
		}
		k_sem_give(&has_ended);
	}
}

K_THREAD_DEFINE(lnn_microphone, CONFIG_LIQUID_AUDIO_MIC_STACK_BYTES, listen, NULL, NULL, NULL,
		CONFIG_LIQUID_AUDIO_MIC_PRIORITY, 0, 0);

int lnn_mic_start(const lnn_mic_config_t *config)
{
	const struct device *device = LNN_MIC_DEVICE;
	if (config->sample_rate_hz == 0 || config->channel > 1) {
		return -EINVAL;
	}
	if (!lnn_mic_exists()) {
		return -ENODEV;
	}
	if (atomic_get(&mic.running)) {
		return -EBUSY;
	}
	mic.config = *config;
	mic.written = mic.read = mic.read_samples = 0;
	memset(&mic.stats, 0, sizeof mic.stats);
	k_sem_reset(&has_block);
	int error = lnn_mic_source_start(device, config);
	if (error == 0) {
		lnn_keep_clocks(
			true); /* receivers and their DMA stand still where the clocks stop */
		atomic_set(&mic.running, 1);
		k_sem_give(&may_run);
	}
	return error;
}

int lnn_mic_stop(void)
{
	if (!atomic_cas(&mic.running, 1, 0)) {
		return 0;
	}
	k_sem_take(&has_ended, K_FOREVER);
	lnn_mic_source_stop(LNN_MIC_DEVICE);
	lnn_keep_clocks(false);
	return 0;
}

int lnn_mic_read(int16_t *audio, size_t n_samples, int32_t timeout_ms, lnn_mic_stamp_t *stamp)
{
	k_timepoint_t end = sys_timepoint_calc(timeout_ms < 0 ? K_FOREVER : K_MSEC(timeout_ms));
	size_t n = 0;
	*stamp = (lnn_mic_stamp_t){0};
	while (n < n_samples) {
		if (!atomic_get(&mic.running)) {
			return -EPIPE;
		}
		if (mic.written == mic.read) {
			if (k_sem_take(&has_block, sys_timepoint_timeout(end)) != 0) {
				break;
			}
			continue; /* the block may have been read already, when it came */
		}
		const block_t *block = &mic.queue[mic.read % QUEUE_BLOCKS];
		if (mic.read_samples == 0 && block->lost_samples > 0 && n > 0) {
			break;
		}
		if (n == 0) {
			stamp->time_us =
				block->end_us - samples_to_us(block->n_samples - mic.read_samples);
			stamp->lost_samples = mic.read_samples == 0 ? block->lost_samples : 0;
		}
		size_t part = MIN(n_samples - n, (size_t)(block->n_samples - mic.read_samples));
		memcpy(audio + n, block->audio + mic.read_samples, part * sizeof *audio);
		n += part;
		mic.read_samples += part;
		if (mic.read_samples == block->n_samples) {
			mic.read_samples = 0;
			mic.read++; /* now the thread may write there */
		}
	}
	return (int)n;
}

void lnn_mic_get_stats(lnn_mic_stats_t *stats)
{
	k_sched_lock();
	*stats = mic.stats;
	k_sched_unlock();
}
