# SPDX-License-Identifier: MIT
QEMU_MACHINE = mps2-an500

CFLAGS += -mcpu=cortex-m7 -mfloat-abi=hard -mfpu=fpv5-sp-d16
CFLAGS += -DMICROPY_HW_MCU_NAME='"Cortex-M7"'
SUPPORTS_HARDWARE_FP_SINGLE = 1
MPY_CROSS_FLAGS += -march=armv7emsp

include $(BOARD_DIR)/../shared/mps2.mk
