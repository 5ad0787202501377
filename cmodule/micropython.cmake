# SPDX-License-Identifier: MIT
# MicroPython user module, for ports built with CMake: USER_C_MODULES=<this file>
# CMSIS_DSP_DIR=<the folder of CMSIS-DSP's sources> makes the core use CMSIS-DSP. Without it the core is portable C.
# LIQUID_IDLE_UW, LIQUID_CYCLE_PJ, LIQUID_PUBLIC_KEY, LIQUID_MINIMUM_MODEL_VERSION and MONOCYPHER_DIR are those of micropython.mk.
set(LIQUID_DIR ${CMAKE_CURRENT_LIST_DIR})

include(${LIQUID_DIR}/sources.cmake)

add_library(liquid_audio_core INTERFACE)
target_sources(liquid_audio_core INTERFACE ${LIQUID_CORE_SOURCES})
target_include_directories(liquid_audio_core INTERFACE ${LIQUID_DIR}/include)
set_source_files_properties(${LIQUID_CORE_SOURCES} PROPERTIES COMPILE_OPTIONS -O3)
set_source_files_properties(${LIQUID_COLD_SOURCES} PROPERTIES COMPILE_OPTIONS -Os)
if(CMSIS_DSP_DIR)
    target_sources(liquid_audio_core INTERFACE ${LIQUID_DIR}/micropython/cmsis_dsp.c)
    set_source_files_properties(${LIQUID_DIR}/micropython/cmsis_dsp.c PROPERTIES COMPILE_OPTIONS "-Os;-w"
        INCLUDE_DIRECTORIES "${CMSIS_DSP_DIR}/Include;${CMSIS_DSP_DIR}/PrivateInclude;${CMSIS_DSP_DIR}/Source")
    set_source_files_properties(${LIQUID_CORE_SOURCES} PROPERTIES INCLUDE_DIRECTORIES ${CMSIS_DSP_DIR}/Include)
    target_compile_definitions(liquid_audio_core INTERFACE LNN_USE_CMSIS=1 ARM_MATH_LOOPUNROLL __GNUC_PYTHON__)
endif()

add_library(usermod_liquid_audio INTERFACE)
target_sources(usermod_liquid_audio INTERFACE
    ${LIQUID_DIR}/micropython/lnn_checks.c
    ${LIQUID_DIR}/micropython/lnn_file.c
    ${LIQUID_DIR}/micropython/lnn_object.c
    ${LIQUID_DIR}/micropython/lnn_process.c
    ${LIQUID_DIR}/micropython/lnn_result.c
    ${LIQUID_DIR}/micropython/lnn_settings.c
    ${LIQUID_DIR}/micropython/lnn_timetable.c
    ${LIQUID_DIR}/micropython/mod_liquid_audio.c
)
target_include_directories(usermod_liquid_audio INTERFACE ${LIQUID_DIR}/include)
target_link_libraries(usermod_liquid_audio INTERFACE liquid_audio_core)
if(LIQUID_IDLE_UW)
    target_compile_definitions(usermod_liquid_audio INTERFACE LIQUID_IDLE_UW=${LIQUID_IDLE_UW} LIQUID_CYCLE_PJ=${LIQUID_CYCLE_PJ})
endif()
if(LIQUID_PUBLIC_KEY)
    include(${LIQUID_DIR}/verify/verify.cmake)
    liquid_verify(${LIQUID_PUBLIC_KEY} "${LIQUID_MINIMUM_MODEL_VERSION}" "${MONOCYPHER_DIR}")
    target_sources(liquid_audio_core INTERFACE ${LIQUID_VERIFY_SOURCES})
    set_source_files_properties(${LIQUID_VERIFY_SOURCES} PROPERTIES COMPILE_OPTIONS "-Os;-w"
        INCLUDE_DIRECTORIES "${LIQUID_VERIFY_INCLUDE}")
    target_compile_definitions(usermod_liquid_audio INTERFACE LIQUID_VERIFIES_MODELS=1)
endif()
target_link_libraries(usermod INTERFACE usermod_liquid_audio)
