/* SPDX-License-Identifier: MIT */
/* The emulated microphone (devicetree: liquid-audio,emul-dmic): its sound is a wav file of the host. */
#ifndef LIQUID_AUDIO_EMUL_DMIC_H
#define LIQUID_AUDIO_EMUL_DMIC_H

#include <stdbool.h>

#include <zephyr/device.h>

/* The microphone of liquid-audio,microphone. */
const struct device *lnn_emul_dmic(void);

/*
 * The wav file (16-bit mono PCM) that the next start plays, once, with silence after it. NULL: the one
 * that the devicetree names, else the second word of the virtual board's command line.
 * -ENOENT: the host has no such file, or none is named. -EINVAL: not such a wav.
 */
int lnn_emul_dmic_play(const struct device *device, const char *path);

/* Of the file; 0 when there is none. */
uint32_t lnn_emul_dmic_samples(const struct device *device);
uint32_t lnn_emul_dmic_rate_hz(const struct device *device);

/* An unplugged microphone delivers no blocks until it is plugged in and started again. */
void lnn_emul_dmic_unplug(const struct device *device, bool unplugged);

#endif
