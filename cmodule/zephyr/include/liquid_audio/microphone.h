/* SPDX-License-Identifier: MIT */
/*
 * The board's microphone as a stream of 16-bit mono audio. A thread takes the driver's blocks into a
 * queue; nothing is allocated. Lost audio is counted and told to the reader, who passes it to
 * lnn_skip(): the network then sees the gap as elapsed time.
 */
#ifndef LIQUID_AUDIO_MICROPHONE_H
#define LIQUID_AUDIO_MICROPHONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
	uint32_t sample_rate_hz;
	uint16_t gain_q8; /* 256 changes nothing; the result is clipped to 16 bits */
	uint8_t channel;  /* 0 left, 1 right */
} lnn_mic_config_t;

typedef struct {
	uint64_t samples;      /* that the driver delivered */
	uint64_t lost_samples; /* that no reader got or will get */
	uint32_t overruns;     /* blocks lost because the queue was full */
	uint32_t restarts;     /* of the driver, because it failed or fell silent */
} lnn_mic_stats_t;

typedef struct {
	int64_t time_us;       /* uptime at the first sample of this read */
	uint32_t lost_samples; /* between the last read and this one */
} lnn_mic_stamp_t;

/* The device's name, or the name of the chosen node that the devicetree lacks. */
const char *lnn_mic_name(void);
bool lnn_mic_exists(void);

/*
 * Starts the capture. All functions here may be called from any thread, but not from an interrupt.
 * -EINVAL: a rate of 0 or a channel above 1. -ENODEV: no microphone in the devicetree, or its driver is
 * not ready. -EBUSY: already started. -ENOTSUP: Zephyr's driver would deliver garbage; the log says why.
 */
int lnn_mic_start(const lnn_mic_config_t *config);

/*
 * Ends the capture, drops the queued audio and wakes every reader. Returns 0 when the receiver is at
 * rest, also if it was already. The counters stay.
 */
int lnn_mic_stop(void);

/*
 * Waits until `n_samples` are there, a gap ends the audio, or timeout_ms (negative: no limit) has
 * passed. Returns the number of samples written to `audio`; they follow `stamp->lost_samples`.
 * -EPIPE: the microphone is stopped, or was stopped while this call waited.
 */
int lnn_mic_read(int16_t *audio, size_t n_samples, int32_t timeout_ms, lnn_mic_stamp_t *stamp);

void lnn_mic_get_stats(lnn_mic_stats_t *stats);

#endif
