# SPDX-License-Identifier: MIT
# MicroPython user module, for ports built with make: USER_C_MODULES=<the folder above this one>
# CMSIS_DSP_DIR=<the folder of CMSIS-DSP's sources> makes the core use CMSIS-DSP. Without it the core is portable C.
# LIQUID_PUBLIC_KEY=<a public key for Ed25519 in PEM> makes firmware that takes only models which liquid-sign signed with
# the private key, of LIQUID_MINIMUM_MODEL_VERSION (0) or newer. It needs MONOCYPHER_DIR=<the folder of monocypher.c>.
# LIQUID_IDLE_UW=<power asleep with the microphone, in uW> and LIQUID_CYCLE_PJ=<energy of a cycle beyond that, in pJ> are
# what LNN.current_power_mw() reckons with.
LIQUID_DIR := $(USERMOD_DIR)

# Held equal to sources.cmake by a test.
LIQUID_CORE_SOURCES := \
	core/anomaly.c \
	core/cell_grid.c \
	core/cell_kinds.c \
	core/cell_ltc_f32.c \
	core/cell_ltc_s8.c \
	core/cursor.c \
	core/dsp_portable.c \
	core/engine.c \
	core/errors.c \
	core/evidence.c \
	core/fft_q15.c \
	core/fft_s16.c \
	core/fix_tables.c \
	core/frontend.c \
	core/frontend_f32.c \
	core/frontend_q15.c \
	core/frontend_s16.c \
	core/gate.c \
	core/liquid_readout.c \
	core/load_cell.c \
	core/load_frontend.c \
	core/load_matrix.c \
	core/load_readout.c \
	core/loader.c \
	core/matvec_s16.c \
	core/matvec_s8.c \
	core/matvec_s8_arm.c \
	core/matvec_s8_mve.c \
	core/model.c \
	core/numbers.c \
	core/policy.c \
	core/readout.c \
	core/ring.c \
	core/sections.c \
	core/timetable.c \
	core/traces.c

LIQUID_BINDING_SOURCES := \
	micropython/lnn_checks.c \
	micropython/lnn_file.c \
	micropython/lnn_object.c \
	micropython/lnn_process.c \
	micropython/lnn_result.c \
	micropython/lnn_settings.c \
	micropython/lnn_timetable.c \
	micropython/mod_liquid_audio.c

CFLAGS_USERMOD += -I$(LIQUID_DIR)/include
ifneq ($(LIQUID_IDLE_UW),)
CFLAGS_USERMOD += -DLIQUID_IDLE_UW=$(LIQUID_IDLE_UW) -DLIQUID_CYCLE_PJ=$(LIQUID_CYCLE_PJ)
endif
LIQUID_CORE_FLAGS := -O3
# These do little per second: their size counts, not their speed.
LIQUID_COLD_SOURCES := core/anomaly.c core/cell_kinds.c core/cursor.c core/engine.c core/errors.c core/evidence.c core/frontend.c core/gate.c core/load_cell.c core/load_frontend.c core/load_matrix.c core/load_readout.c core/loader.c core/model.c core/numbers.c core/policy.c core/readout.c core/ring.c core/sections.c

ifeq ($(LIQUID_VIRTUAL_BOARD),1)
CFLAGS_USERMOD += -DLIQUID_VIRTUAL_BOARD=1
LIQUID_BINDING_SOURCES += micropython/mic_object.c micropython/virtual_board.c micropython/virtual_disk.c micropython/virtual_mic.c micropython/virtual_rtc.c
SRC_USERMOD_LIB_C += $(LIQUID_DIR)/micropython/virtual_host.c
endif

ifneq ($(CMSIS_DSP_DIR),)
# CMSIS's core headers give access to the DSP instructions. A west workspace has them beside CMSIS-DSP, MicroPython has
# them in lib/. If a checkout lacks them, __GNUC_PYTHON__ tells CMSIS-DSP to do without.
LIQUID_CMSIS_CORE := $(firstword $(wildcard $(addsuffix /CMSIS/Core/Include, $(CMSIS_DSP_DIR)/../cmsis_6 \
	$(CMSIS_DSP_DIR)/../../hal/cmsis_6 $(CMSIS_DSP_DIR)/../../hal/cmsis $(TOP)/lib/CMSIS_6 $(TOP)/lib/CMSIS_5) \
	$(TOP)/lib/cmsis/inc))
LIQUID_CORE_FLAGS += -DLNN_USE_CMSIS=1 -DARM_MATH_LOOPUNROLL -I$(CMSIS_DSP_DIR)/Include \
	$(if $(LIQUID_CMSIS_CORE),-I$(LIQUID_CMSIS_CORE),-D__GNUC_PYTHON__)
SRC_USERMOD_LIB_C += $(LIQUID_DIR)/micropython/cmsis_dsp.c
# Not ours, so its warnings are not errors. -Os saves 466 bytes and costs a float model 0.5 % more instructions.
$(BUILD)/cmodule/micropython/cmsis_dsp.o: CFLAGS += $(LIQUID_CORE_FLAGS) -w -Os \
	-I$(CMSIS_DSP_DIR)/PrivateInclude -I$(CMSIS_DSP_DIR)/Source
endif

ifneq ($(LIQUID_PUBLIC_KEY),)
CFLAGS_USERMOD += -DLIQUID_VERIFIES_MODELS=1
SRC_USERMOD_LIB_C += $(addprefix $(LIQUID_DIR)/verify/, sha512.c ed25519.c trusted_key.c monocypher_parts.c)
$(BUILD)/cmodule/verify/%.o: CFLAGS += -Os -I$(MONOCYPHER_DIR) -I$(HEADER_BUILD)
$(BUILD)/cmodule/verify/monocypher_parts.o: CFLAGS += -w
$(BUILD)/cmodule/verify/trusted_key.o: $(HEADER_BUILD)/lnn_trusted_key.h
# Written anew only if the key or the version differs.
$(HEADER_BUILD)/lnn_trusted_key.h: $(LIQUID_PUBLIC_KEY) FORCE | $(HEADER_BUILD)
	$(Q)$(PYTHON) $(LIQUID_DIR)/verify/public_key.py $< "$(LIQUID_MINIMUM_MODEL_VERSION)" $@
endif

$(BUILD)/cmodule/core/%.o: CFLAGS += $(LIQUID_CORE_FLAGS) $(if $(filter core/$(@F:.o=.c),$(LIQUID_COLD_SOURCES)),-Os)

SRC_USERMOD_C += $(addprefix $(LIQUID_DIR)/, $(LIQUID_BINDING_SOURCES))
SRC_USERMOD_LIB_C += $(addprefix $(LIQUID_DIR)/, $(LIQUID_CORE_SOURCES))
