/* SPDX-License-Identifier: MIT */
/* cmodule/samples/listen on a bare image: hears the sound that model.S includes, prints its words as JSON. */
#include "../../cmodule/samples/listen/platform.h"
#include "board.h"

extern const int16_t audio_data[], audio_data_end[];
static size_t heard;

void platform_say(const char *text) {
    print(heard == 0 ? "{\"said\": [\"" : ", \"");
    print(text);
    print("\"");
}

void platform_lamp(bool on) {
    platform_say(on ? "the lamp is on" : "the lamp is off");
}

/* The list begins with the first sample and ends with the last. */
size_t platform_microphone(int16_t *block, size_t n) {
    const size_t left = (size_t)(audio_data_end - audio_data) - heard;
    if (heard == 0) {
        platform_say("listening");
    }
    n = n < left ? n : left;
    for (size_t i = 0; i < n; i++) {
        block[i] = audio_data[heard++];
    }
    if (n == 0) {
        print("]}\n");
    }
    return n;
}
