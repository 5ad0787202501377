/* SPDX-License-Identifier: MIT */
/* The assembler takes the model as it is. The file's sections are aligned to 16 bytes, so the model is, too. */
#include <liquid_audio/baked_model.h>

/* .4byte, because .word has 2 bytes on x86 and 4 on Arm. */
__asm__(".section .rodata.lnn_baked_model, \"a\"\n"
	".balign 16\n"
	".global lnn_baked_model\n"
	"lnn_baked_model:\n"
	".incbin \"" LNN_MODEL_FILE "\"\n"
	"lnn_baked_model_end:\n"
	".balign 4\n"
	".global lnn_baked_model_bytes\n"
	"lnn_baked_model_bytes:\n"
	".4byte lnn_baked_model_end - lnn_baked_model\n"
	".previous\n");
