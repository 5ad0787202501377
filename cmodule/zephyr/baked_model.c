/* The assembler takes the model as it is; sections of the file are aligned to 16 bytes, so it is too. */
#include <liquid_audio/baked_model.h>

__asm__(".section .rodata.lnn_baked_model, \"a\"\n"
	".balign 16\n"
	".global lnn_baked_model\n"
	"lnn_baked_model:\n"
	".incbin \"" LNN_MODEL_FILE "\"\n"
	"lnn_baked_model_end:\n"
	".balign 4\n"
	".global lnn_baked_model_bytes\n"
	"lnn_baked_model_bytes:\n"
	".word lnn_baked_model_end - lnn_baked_model\n"
	".previous\n");
