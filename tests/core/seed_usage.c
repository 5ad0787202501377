/* SPDX-License-Identifier: MIT */
/* The C program of the project's first description, with stand-ins for FreeRTOS and ST's HAL. */
#include <stdio.h>
#include <stdlib.h>

#include "liquid_audio_easy.h"

#define AUDIO_BUFFER_SIZE LNN_EASY_BLOCK_SAMPLES
#define portMAX_DELAY 0
#define LED_GPIO_Port 0
#define LED_Pin 0
#define GPIO_PIN_SET 1
#define PWR_MAINREGULATOR_ON 0
#define PWR_SLEEPENTRY_WFI 0
#define audio_ready_sem 0
#define HAL_GPIO_WritePin(port, pin, value) (leds_set++)
#define HAL_PWR_EnterSLEEPMode(regulator, entry) (sleeps++)
#define configure_audio_dma(samples) ((void)(samples))

static int16_t audio_buffer[AUDIO_BUFFER_SIZE];
static unsigned blocks, leds_set, sleeps;

/* Noise in every block; after 200 blocks the program ends. */
static int xSemaphoreTake(int semaphore, int delay) {
    static uint32_t state = 1;
    (void)semaphore;
    (void)delay;
    if (blocks++ == 200) {
        printf("%u blocks, %u sleeps, %u times above 0.8\n", blocks - 1, sleeps, leds_set);
        exit(0);
    }
    for (int i = 0; i < AUDIO_BUFFER_SIZE; i++) {
        state = state * 1664525u + 1013904223u;
        audio_buffer[i] = (int16_t)((int32_t)state >> 18);
    }
    return 1;
}

// Model stored in flash
extern const uint8_t model_data[] __attribute__((section(".rodata")));
void audio_processing_task(void) {
    lnn_model_t *model = lnn_load_from_flash(model_data);
    // Configure DMA for zero-copy audio
    configure_audio_dma(AUDIO_BUFFER_SIZE);
    while (1) {
        // Wait for DMA completion
        if (xSemaphoreTake(audio_ready_sem, portMAX_DELAY)) {
            // Process with CMSIS-DSP acceleration
            lnn_result_t result;
            lnn_process_cmsis(model, audio_buffer, &result);
            if (result.confidence > 0.8f) {
                // Trigger action
                HAL_GPIO_WritePin(LED_GPIO_Port, LED_Pin, GPIO_PIN_SET);
            }
            // Enter low-power mode until next audio
            HAL_PWR_EnterSLEEPMode(PWR_MAINREGULATOR_ON, PWR_SLEEPENTRY_WFI);
        }
    }
}

int main(void) {
    static const uint32_t text[3] = {0};
    if (lnn_load_from_flash(NULL) != NULL || lnn_easy_status != LNN_ERR_ARGUMENT || lnn_load_from_flash(text) != NULL
        || lnn_easy_status != LNN_ERR_TRUNCATED) {
        return 1;
    }
    audio_processing_task();
}
