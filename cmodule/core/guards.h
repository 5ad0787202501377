/* SPDX-License-Identifier: MIT */
/* Refuses builds in which a file is not checked, or in which results differ from those of other cores. */
#ifndef LNN_GUARDS_H
#define LNN_GUARDS_H

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "liquid_audio: compile without -ffast-math and -Ofast, because the checks of a file must see a NaN"
#endif
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "liquid_audio: the model file is used in place, which needs a little-endian core"
#endif
#if defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ != 0 && __FLT_EVAL_METHOD__ != 16
#error "liquid_audio: the x87 computes float as long double; compile with -msse2 -mfpmath=sse"
#endif

#endif
