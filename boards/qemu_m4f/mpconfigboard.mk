# SPDX-License-Identifier: MIT
QEMU_MACHINE = mps2-an386

CFLAGS += -mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16
CFLAGS += -DMICROPY_HW_MCU_NAME='"Cortex-M4F"'
SUPPORTS_HARDWARE_FP_SINGLE = 1
MPY_CROSS_FLAGS += -march=armv7emsp

include $(BOARD_DIR)/../shared/mps2.mk
