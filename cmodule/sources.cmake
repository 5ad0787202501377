# SPDX-License-Identifier: MIT
# The C core, for everything that is built with CMake; micropython.mk is held equal to it by a test.
set(LIQUID_CORE_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/core/anomaly.c
    ${CMAKE_CURRENT_LIST_DIR}/core/cell_kinds.c
    ${CMAKE_CURRENT_LIST_DIR}/core/cell_ltc_f32.c
    ${CMAKE_CURRENT_LIST_DIR}/core/cell_ltc_s8.c
    ${CMAKE_CURRENT_LIST_DIR}/core/cursor.c
    ${CMAKE_CURRENT_LIST_DIR}/core/dsp_portable.c
    ${CMAKE_CURRENT_LIST_DIR}/core/engine.c
    ${CMAKE_CURRENT_LIST_DIR}/core/errors.c
    ${CMAKE_CURRENT_LIST_DIR}/core/fft_q15.c
    ${CMAKE_CURRENT_LIST_DIR}/core/fix_tables.c
    ${CMAKE_CURRENT_LIST_DIR}/core/frontend.c
    ${CMAKE_CURRENT_LIST_DIR}/core/frontend_f32.c
    ${CMAKE_CURRENT_LIST_DIR}/core/frontend_q15.c
    ${CMAKE_CURRENT_LIST_DIR}/core/gate.c
    ${CMAKE_CURRENT_LIST_DIR}/core/load_cell.c
    ${CMAKE_CURRENT_LIST_DIR}/core/load_frontend.c
    ${CMAKE_CURRENT_LIST_DIR}/core/load_matrix.c
    ${CMAKE_CURRENT_LIST_DIR}/core/load_readout.c
    ${CMAKE_CURRENT_LIST_DIR}/core/loader.c
    ${CMAKE_CURRENT_LIST_DIR}/core/matvec_s16.c
    ${CMAKE_CURRENT_LIST_DIR}/core/matvec_s8.c
    ${CMAKE_CURRENT_LIST_DIR}/core/matvec_s8_arm.c
    ${CMAKE_CURRENT_LIST_DIR}/core/matvec_s8_mve.c
    ${CMAKE_CURRENT_LIST_DIR}/core/model.c
    ${CMAKE_CURRENT_LIST_DIR}/core/numbers.c
    ${CMAKE_CURRENT_LIST_DIR}/core/readout.c
    ${CMAKE_CURRENT_LIST_DIR}/core/ring.c
    ${CMAKE_CURRENT_LIST_DIR}/core/sections.c
)

# These run when a model is loaded or asked about, or in one task only: their size counts, not their speed.
set(LIQUID_COLD_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/core/anomaly.c
    ${CMAKE_CURRENT_LIST_DIR}/core/cursor.c
    ${CMAKE_CURRENT_LIST_DIR}/core/load_cell.c
    ${CMAKE_CURRENT_LIST_DIR}/core/load_frontend.c
    ${CMAKE_CURRENT_LIST_DIR}/core/load_matrix.c
    ${CMAKE_CURRENT_LIST_DIR}/core/load_readout.c
    ${CMAKE_CURRENT_LIST_DIR}/core/loader.c
    ${CMAKE_CURRENT_LIST_DIR}/core/model.c
    ${CMAKE_CURRENT_LIST_DIR}/core/numbers.c
    ${CMAKE_CURRENT_LIST_DIR}/core/sections.c
)
