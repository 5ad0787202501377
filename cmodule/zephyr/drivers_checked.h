/* SPDX-License-Identifier: MIT */
/*
 * What Zephyr's drivers deliver, read in their source: see "Drivers" in README.md. A driver that would
 * deliver garbage is refused: lnn_mic_start() then returns -ENOTSUP and logs this text.
 */
#ifndef LIQUID_AUDIO_DRIVERS_CHECKED_H
#define LIQUID_AUDIO_DRIVERS_CHECKED_H

#include <zephyr/devicetree.h>
#include <zephyr/version.h>

/* Does the chosen microphone's driver have this compatible? */
#define LNN_MIC_IS(compatible) DT_NODE_HAS_COMPAT(DT_CHOSEN(liquid_audio_microphone), compatible)

#define LNN_ZEPHYR(major, minor) (((major) << 16) | ((minor) << 8))
#define LNN_THIS_ZEPHYR          LNN_ZEPHYR(KERNEL_VERSION_MAJOR, KERNEL_VERSION_MINOR)

#if LNN_MIC_IS(nordic_nrf_pdm) && LNN_THIS_ZEPHYR < LNN_ZEPHYR(4, 2)
#define LNN_MIC_REFUSED                                                                            \
	"dmic_nrfx_pdm.c of Zephyr 4.1 hands out the block that comes next: use Zephyr 4.2 or "    \
	"later"
#elif LNN_MIC_IS(st_stm32h7_i2s) && LNN_THIS_ZEPHYR < LNN_ZEPHYR(4, 5)
#define LNN_MIC_REFUSED                                                                            \
	"the STM32H7's I2S driver reads zeros before Zephyr 4.5: use a later one, or a DMIC"
#elif LNN_MIC_IS(st_stm32_i2s) && !LNN_MIC_IS(st_stm32h7_i2s) && LNN_THIS_ZEPHYR >= LNN_ZEPHYR(4, 5)
#define LNN_MIC_REFUSED                                                                            \
	"the word layout of this I2S driver was checked up to Zephyr 4.4: see drivers_checked.h"
#endif

#endif
