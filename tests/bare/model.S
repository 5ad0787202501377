/* SPDX-License-Identifier: MIT */
    .section .rodata
    .balign 16
    .global model_data, model_data_end
model_data:
    .incbin MODEL
model_data_end:
#ifdef AUDIO
    .balign 4
    .global audio_data, audio_data_end
audio_data:
    .incbin AUDIO
audio_data_end:
#endif
