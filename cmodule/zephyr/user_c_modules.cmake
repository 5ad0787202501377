# SPDX-License-Identifier: MIT
# MicroPython's port reads USER_C_MODULES after the Zephyr modules, so the binding comes along by itself. It goes again if
# it is switched off later, because CMake keeps the variable in its cache.
set(binding ${CMAKE_CURRENT_LIST_DIR}/micropython.cmake)
set(modules ${USER_C_MODULES})
list(REMOVE_ITEM modules ${binding})
if(CONFIG_LIQUID_AUDIO_MICROPYTHON)
    list(APPEND modules ${binding})
endif()
if(NOT "${modules}" STREQUAL "${USER_C_MODULES}")
    set(USER_C_MODULES "${modules}" CACHE STRING "User C modules of MicroPython" FORCE)
endif()
