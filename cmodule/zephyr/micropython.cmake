# SPDX-License-Identifier: MIT
# The binding alone, for MicroPython's Zephyr port: the core is a Zephyr library, configured by Kconfig.
# user_c_modules.cmake beside this file adds it to USER_C_MODULES.
set(LIQUID_DIR ${CMAKE_CURRENT_LIST_DIR}/..)

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
    ${LIQUID_DIR}/micropython/zephyr_system.c
)
if(CONFIG_LIQUID_AUDIO_MICROPHONE)
    target_sources(usermod_liquid_audio INTERFACE ${LIQUID_DIR}/micropython/mic_object.c ${LIQUID_DIR}/micropython/zephyr_mic.c)
endif()
target_include_directories(usermod_liquid_audio INTERFACE ${LIQUID_DIR}/include ${LIQUID_DIR}/zephyr/include)
target_link_libraries(usermod INTERFACE usermod_liquid_audio)
