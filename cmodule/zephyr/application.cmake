# SPDX-License-Identifier: MIT
# The sample and the tests of this module include this file before Zephyr. It adds the module (the whole repository, or
# a copy of cmodule/), and on virtual boards the emulated microphone.
cmake_path(SET liquid_module NORMALIZE ${CMAKE_CURRENT_LIST_DIR}/..)
if(EXISTS ${liquid_module}/../boards/shared/snippets)
    cmake_path(SET liquid_module NORMALIZE ${liquid_module}/..)
endif()
cmake_path(GET liquid_module PARENT_PATH liquid_module) # without its final slash
list(APPEND EXTRA_ZEPHYR_MODULES ${liquid_module})
list(REMOVE_DUPLICATES EXTRA_ZEPHYR_MODULES)

if("${BOARD}$ENV{BOARD}" MATCHES "^(mps[23]|qemu|native_sim)")
    list(APPEND EXTRA_DTC_OVERLAY_FILE ${CMAKE_CURRENT_LIST_DIR}/emulated_microphone.overlay)
endif()
