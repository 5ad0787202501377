/* SPDX-License-Identifier: MIT */
/* Random but repeatable work for a model; what comes out is hashed, so that machines can be compared. */
#ifndef DRIVE_H
#define DRIVE_H

#include "liquid_audio_lnn.h"

/* Steps without the engine: any features, timesteps of 1 ms to 1 s. */
uint32_t drive_steps(lnn_model_t *model, uint32_t n_steps);

/* Front-end runs on noise, tones, steps and silence of all levels, the loudest clipped. */
uint32_t drive_frontend(lnn_model_t *model, uint32_t n_windows);

/* Sound in blocks of all lengths through the whole engine, with gaps. */
uint32_t drive_engine(lnn_model_t *model, uint32_t n_blocks);

/* The same with new policies and thresholds between the blocks, each of at most two ticks and n_samples. */
uint32_t drive_changes(lnn_model_t *model, uint32_t n_changes, uint32_t n_samples);

/* A step of 1/16 s of a float model, from a state that is the same everywhere. */
void drive_one_step(lnn_model_t *model);

#endif
