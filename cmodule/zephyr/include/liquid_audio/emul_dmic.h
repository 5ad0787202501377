/* The emulated microphone (devicetree: liquid-audio,emul-dmic): its sound is a wav file of the host. */
#ifndef LIQUID_AUDIO_EMUL_DMIC_H
#define LIQUID_AUDIO_EMUL_DMIC_H

#include <stdbool.h>

#include <zephyr/device.h>

/*
 * The wav file (16-bit mono PCM) that the next start plays, once, with silence after it.
 * -ENOENT: the host has no such file. -EINVAL: not such a wav.
 */
int lnn_emul_dmic_play(const struct device *device, const char *path);

/* Samples of the file that have been played; all of them once it has ended. */
uint32_t lnn_emul_dmic_played(const struct device *device);

/* An unplugged microphone delivers no blocks until it is plugged in and started again. */
void lnn_emul_dmic_unplug(const struct device *device, bool unplugged);

#endif
