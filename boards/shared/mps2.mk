# SPDX-License-Identifier: MIT
# What the boards on QEMU's MPS2 machines share. Included by their mpconfigboard.mk; it supplies what
# MicroPython's qemu port lacks, so that the port itself stays as it is.

MPS2_DIR := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))

QEMU_ARCH = arm
LDSCRIPT = $(MPS2_DIR)/mps2.ld
SRC_BOARD_O = shared/runtime/gchelper_native.o shared/runtime/gchelper_thumb2.o

CFLAGS += -mthumb -DQEMU_SOC_MPS2
CFLAGS += -DMP_CONFIGFILE='"$(MPS2_DIR)/mps2_mpconfig.h"'
MICROPY_HEAP_SIZE = 2097152
MICROPY_STACK_SIZE = 32768

# A file system that a real board has in its flash: littlefs, here in the machine's second memory.
MICROPY_VFS_LFS2 = 1

# The default manifest needs packages that only a full checkout of MicroPython has.
FROZEN_MANIFEST =
MICROPY_ROM_TEXT_COMPRESSION = 0

LIQUID_VIRTUAL_BOARD = 1

# uart_init is the first call in which the board may have its say; the rest is the port's console and
# clock, taken over whether or not this version of the port has them. Since 1.27 the port links with ld.
comma := ,
MPS2_WRAP = uart_init uart_rx_chr uart_rx_any mp_hal_ticks_ms mp_hal_ticks_us mp_hal_ticks_cpu \
	mp_hal_delay_ms mp_hal_delay_us
LDFLAGS += $(addprefix $(if $(shell grep -F '$$(LD) $$(LDFLAGS)' Makefile),,-Wl$(comma))--wrap=,$(MPS2_WRAP))

