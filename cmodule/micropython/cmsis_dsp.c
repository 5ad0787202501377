/* SPDX-License-Identifier: MIT */
/* Only those files of CMSIS-DSP that core/dsp_cmsis.h needs. CMSIS_DSP_DIR names the folder of its sources. */
#include "CommonTables/arm_common_tables.c"
#include "CommonTables/arm_const_structs.c"
#include "TransformFunctions/arm_bitreversal2.c"
#include "TransformFunctions/arm_cfft_f32.c"
#include "TransformFunctions/arm_cfft_init_f32.c"
#include "TransformFunctions/arm_cfft_radix8_f32.c"
#include "TransformFunctions/arm_rfft_fast_f32.c"
#include "TransformFunctions/arm_rfft_fast_init_f32.c"
