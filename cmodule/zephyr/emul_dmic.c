/* SPDX-License-Identifier: MIT */
/* A driver of Zephyr's DMIC API whose receiver is a wav file on the host, at the pace of the board's clock. */
#define DT_DRV_COMPAT liquid_audio_emul_dmic

#include <errno.h>
#include <string.h>

#include <zephyr/audio/dmic.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/byteorder.h>
#include <liquid_audio/emul_dmic.h>

#include "host_file.h"

#define QUEUE_BLOCKS       16
#define RIFF_HEADER_BYTES  12
#define CHUNK_HEADER_BYTES 8
#define FORMAT_BYTES       16
#define FORMAT_PCM         1

typedef struct {
	struct k_work_delayable work;
	struct k_msgq blocks;
	void *queue[QUEUE_BLOCKS];
	struct k_mem_slab *slab;
	uint32_t block_bytes;
	uint32_t rate_hz;
	int64_t start_ticks;
	uint32_t blocks_made;
	long file;            /* -1: silence */
	uint32_t data_offset; /* of the wav's audio, in bytes of the file */
	uint32_t data_bytes;
	uint32_t file_rate_hz;
	uint32_t played_bytes;
	void *block; /* under way */
	bool active;
	bool stopping;
	bool unplugged;
} emul_data_t;

typedef struct {
	const char *path;
} emul_config_t;

static int open_wav(emul_data_t *data, const char *path)
{
	uint8_t head[FORMAT_BYTES];
	uint32_t offset = RIFF_HEADER_BYTES;
	bool has_format = false;
	long file = lnn_host_open(path);

	if (file < 0) {
		return -ENOENT;
	}
	if (lnn_host_read_at(file, 0, head, RIFF_HEADER_BYTES) != 0 ||
	    memcmp(head, "RIFF", 4) != 0 || memcmp(head + 8, "WAVE", 4) != 0) {
		goto bad;
	}
	while (lnn_host_read_at(file, offset, head, CHUNK_HEADER_BYTES) == 0) {
		uint32_t bytes = sys_get_le32(head + 4);
		bool is_audio = memcmp(head, "data", 4) == 0;
		bool is_format = memcmp(head, "fmt ", 4) == 0;

		offset += CHUNK_HEADER_BYTES;
		if (is_audio && has_format) {
			uint32_t left = lnn_host_bytes(file) - offset;

			data->file = file;
			data->data_offset = offset;
			data->data_bytes =
				MIN(bytes, left); /* a recorder that was cut off says too much */
			return 0;
		}
		if (is_format) {
			if (bytes < FORMAT_BYTES ||
			    lnn_host_read_at(file, offset, head, FORMAT_BYTES) != 0 ||
			    sys_get_le16(head) != FORMAT_PCM || sys_get_le16(head + 2) != 1 ||
			    sys_get_le16(head + 14) != 16) {
				break;
			}
			data->file_rate_hz = sys_get_le32(head + 4);
			has_format = true;
		}
		if (bytes > INT32_MAX - offset) {
			break;
		}
		offset += bytes + (bytes & 1u);
	}
bad:
	lnn_host_close(file);
	return -EINVAL;
}

int lnn_emul_dmic_play(const struct device *device, const char *path)
{
	const emul_config_t *config = device->config;
	emul_data_t *data = device->data;

	if (data->file >= 0) {
		lnn_host_close(data->file);
		data->file = -1;
	}
	data->played_bytes = data->data_bytes = data->file_rate_hz = 0;
	path = path ? path : config->path;
	path = path ? path : lnn_host_argument();
	return path ? open_wav(data, path) : -ENOENT;
}

uint32_t lnn_emul_dmic_samples(const struct device *device)
{
	const emul_data_t *data = device->data;

	return data->data_bytes / sizeof(int16_t);
}

uint32_t lnn_emul_dmic_rate_hz(const struct device *device)
{
	const emul_data_t *data = device->data;

	return data->file_rate_hz;
}

void lnn_emul_dmic_unplug(const struct device *device, bool unplugged)
{
	emul_data_t *data = device->data;

	data->unplugged = unplugged;
}

static void fill(emul_data_t *data, void *block)
{
	uint32_t bytes =
		data->file < 0 ? 0 : MIN(data->block_bytes, data->data_bytes - data->played_bytes);
	if (bytes > 0 && lnn_host_read_at(data->file, data->data_offset + data->played_bytes, block,
					  bytes) != 0) {
		bytes = 0;
	}
	memset((uint8_t *)block + bytes, 0, data->block_bytes - bytes);
	data->played_bytes += bytes;
}

static void schedule(emul_data_t *data)
{
	uint64_t samples =
		(uint64_t)(data->blocks_made + 1) * (data->block_bytes / sizeof(int16_t));
	int64_t due = data->start_ticks +
		      (int64_t)(samples * CONFIG_SYS_CLOCK_TICKS_PER_SEC / data->rate_hz);
	k_work_schedule(&data->work,
			K_TIMEOUT_ABS_TICKS(due)); /* a relative one would come a tick late */
}

/* As receivers with DMA do: without room for the next block, or a microphone, the capture ends. */
static void begin_block(emul_data_t *data)
{
	if (data->stopping || data->unplugged ||
	    k_mem_slab_alloc(data->slab, &data->block, K_NO_WAIT) != 0) {
		data->active = false;
		return;
	}
	schedule(data);
}

static void on_block(struct k_work *work)
{
	emul_data_t *data = CONTAINER_OF(k_work_delayable_from_work(work), emul_data_t, work);

	fill(data, data->block);
	if (data->stopping || data->unplugged ||
	    k_msgq_put(&data->blocks, &data->block, K_NO_WAIT) != 0) {
		k_mem_slab_free(data->slab, data->block);
		data->active = false;
		return;
	}
	data->blocks_made++;
	begin_block(data);
}

static int emul_configure(const struct device *device, struct dmic_cfg *config)
{
	emul_data_t *data = device->data;
	const struct pcm_stream_cfg *stream = &config->streams[0];

	if (data->active) {
		return -EBUSY;
	}
	if (config->channel.req_num_chan != 1 || config->channel.req_num_streams != 1 ||
	    stream->pcm_width != 16 || stream->block_size == 0 ||
	    stream->block_size % sizeof(int16_t) != 0 ||
	    (data->file >= 0 && stream->pcm_rate != data->file_rate_hz)) {
		return -EINVAL;
	}
	config->channel.act_num_chan = 1;
	config->channel.act_num_streams = 1;
	config->channel.act_chan_map_lo = config->channel.req_chan_map_lo;
	data->slab = stream->mem_slab;
	data->block_bytes = stream->block_size;
	data->rate_hz = stream->pcm_rate;
	return 0;
}

static int emul_trigger(const struct device *device, enum dmic_trigger command)
{
	emul_data_t *data = device->data;

	switch (command) {
	case DMIC_TRIGGER_START:
	case DMIC_TRIGGER_RELEASE:
		if (!data->slab) {
			return -EIO;
		}
		if (!data->active) {
			data->active = true;
			data->start_ticks = k_uptime_ticks();
			data->blocks_made = 0;
			data->stopping = false;
			begin_block(data);
		}
		return 0;
	case DMIC_TRIGGER_STOP:
	case DMIC_TRIGGER_PAUSE:
		data->stopping = true; /* after the block under way */
		return 0;
	default:
		return -EINVAL;
	}
}

static int emul_read(const struct device *device, uint8_t stream, void **buffer, size_t *size,
		     int32_t timeout)
{
	emul_data_t *data = device->data;

	ARG_UNUSED(stream);
	int error = k_msgq_get(&data->blocks, buffer, SYS_TIMEOUT_MS(timeout));

	if (error == 0) {
		*size = data->block_bytes;
	}
	return error;
}

const struct device *lnn_emul_dmic(void)
{
	return DEVICE_DT_GET(DT_CHOSEN(liquid_audio_microphone));
}

static const struct _dmic_ops emul_api = {
	.configure = emul_configure,
	.trigger = emul_trigger,
	.read = emul_read,
};

static int emul_init(const struct device *device)
{
	emul_data_t *data = device->data;

	data->file = -1;
	k_work_init_delayable(&data->work, on_block);
	k_msgq_init(&data->blocks, (char *)data->queue, sizeof(data->queue[0]), QUEUE_BLOCKS);
	/* A file that is not there is silence: the firmware boots on any host. */
	(void)lnn_emul_dmic_play(device, NULL);
	return 0;
}

#define EMUL_DMIC(n)                                                                               \
	static emul_data_t emul_data_##n;                                                          \
	static const emul_config_t emul_config_##n = {.path = DT_INST_PROP_OR(n, file, NULL)};     \
	DEVICE_DT_INST_DEFINE(n, emul_init, NULL, &emul_data_##n, &emul_config_##n, POST_KERNEL,   \
			      CONFIG_KERNEL_INIT_PRIORITY_DEVICE, &emul_api);

DT_INST_FOREACH_STATUS_OKAY(EMUL_DMIC)
