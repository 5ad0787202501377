# SPDX-License-Identifier: MIT
# The verifier with one public key, for everything that is built with CMake. It needs Python and Monocypher.
#   key: a public key for Ed25519 in PEM; least_version: of a model; monocypher: the folder of monocypher.c
# Sets LIQUID_VERIFY_SOURCES and LIQUID_VERIFY_INCLUDE; the latter also holds the key.
macro(liquid_verify key least_version monocypher)
    find_package(Python3 REQUIRED COMPONENTS Interpreter)
    set(LIQUID_VERIFY_SOURCES
        ${LIQUID_DIR}/verify/sha512.c
        ${LIQUID_DIR}/verify/ed25519.c
        ${LIQUID_DIR}/verify/trusted_key.c
        ${LIQUID_DIR}/verify/monocypher_parts.c
    )
    set(LIQUID_VERIFY_INCLUDE ${CMAKE_CURRENT_BINARY_DIR}/liquid_audio_key ${monocypher})
    if(NOT EXISTS ${monocypher}/monocypher.c)
        message(FATAL_ERROR "No monocypher.c in '${monocypher}': unpack the file that `pip download --no-deps "
            "--no-binary pymonocypher pymonocypher==4.0.3.4` brings, and name its folder.")
    endif()
    file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/liquid_audio_key)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${key})
    execute_process(
        COMMAND ${Python3_EXECUTABLE} ${LIQUID_DIR}/verify/public_key.py ${key} "${least_version}"
            ${CMAKE_CURRENT_BINARY_DIR}/liquid_audio_key/lnn_trusted_key.h
        RESULT_VARIABLE liquid_verify_failed
        ERROR_VARIABLE liquid_verify_error
    )
    if(liquid_verify_failed)
        message(FATAL_ERROR "${liquid_verify_error}")
    endif()
endmacro()
