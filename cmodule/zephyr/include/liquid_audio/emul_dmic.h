/* SPDX-License-Identifier: MIT */
/* The emulated microphone (devicetree: liquid-audio,emul-dmic) plays a wav file of the host. */
#ifndef LIQUID_AUDIO_EMUL_DMIC_H
#define LIQUID_AUDIO_EMUL_DMIC_H

#include <stdbool.h>

#include <zephyr/device.h>

/* The device of the chosen node liquid-audio,microphone. */
const struct device *lnn_emul_dmic(void);

/*
 * Chooses the wav file (16-bit mono PCM) that the next start plays once, with silence after it. NULL: the
 * file that the devicetree names, or else the one that the virtual board's command line names.
 * -ENOENT: the host has no such file, or none is named. -EINVAL: another format.
 */
int lnn_emul_dmic_play(const struct device *device, const char *path);

/* Of the file; 0 if there is none. */
uint32_t lnn_emul_dmic_samples(const struct device *device);
uint32_t lnn_emul_dmic_rate_hz(const struct device *device);

/* An unplugged microphone delivers no blocks until it is plugged in and started again. */
void lnn_emul_dmic_unplug(const struct device *device, bool unplugged);

#endif
