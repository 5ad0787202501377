/* SPDX-License-Identifier: MIT */
/* Monocypher, from its folder on the include path; the linker keeps what verify/ calls. */
#include "monocypher.c"
