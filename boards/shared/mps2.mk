# SPDX-License-Identifier: MIT
# What the boards on QEMU's MPS2 machines share. Their mpconfigboard.mk includes it. It adds what MicroPython's qemu
# port lacks, so that the port itself stays as it is.

MPS2_DIR := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))

QEMU_ARCH = arm
LDSCRIPT = $(MPS2_DIR)/mps2.ld
SRC_BOARD_O = shared/runtime/gchelper_native.o shared/runtime/gchelper_thumb2.o \
	shared/timeutils/timeutils.o

CFLAGS += -mthumb -DQEMU_SOC_MPS2
CFLAGS += -I$(MPS2_DIR)/../../cmodule/micropython
CFLAGS += -DMP_CONFIGFILE='"$(MPS2_DIR)/mps2_mpconfig.h"'
MICROPY_HEAP_SIZE = 2097152
MICROPY_STACK_SIZE = 32768

# littlefs, which a real board has in its flash and a virtual board in the machine's second memory.
MICROPY_VFS_LFS2 = 1

# The default manifest needs packages that only a full checkout of MicroPython has.
FROZEN_MANIFEST =
MICROPY_ROM_TEXT_COMPRESSION = 0

LIQUID_VIRTUAL_BOARD = 1

# The board replaces these functions of the port: uart_init, because it is the first call in which the board can set
# itself up, and the port's console and clock, whether or not this version of the port has them. Since 1.27 the port
# links with ld.
comma := ,
MPS2_WRAP = uart_init uart_rx_chr uart_rx_any mp_hal_ticks_ms mp_hal_ticks_us mp_hal_ticks_cpu \
	mp_hal_delay_ms mp_hal_delay_us mp_hal_stdio_poll
LDFLAGS += $(addprefix $(if $(shell grep -F '$$(LD) $$(LDFLAGS)' Makefile),,-Wl$(comma))--wrap=,$(MPS2_WRAP))

# MicroPython's prompt drops typed characters that are not ASCII. Here the bytes of UTF-8 go into the line.
$(BUILD)/readline.c: $(TOP)/shared/readline/readline.c
	$(Q)mkdir -p $(@D)
	$(Q)sed 's/32 <= c && c <= 126/32 <= c \&\& c != 127/' $< > $@
$(BUILD)/shared/readline/readline.o: $(BUILD)/readline.c
	$(call compile_c)
