# SPDX-License-Identifier: MIT
"""Pieces of a Zephyr build that need no workspace: folders that went bad, reasons of failures, the baked model."""

import re
import shutil
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives import serialization
from keys import key_pair
from liquid_audio_nets.board import zephyr

WEST = """#!/bin/sh
# west with a CMake that never forgets: it fails where it failed before.
cd "$1" || exit 9
echo configured >> "$2"
[ -e bad ] && echo "-- Configuring incomplete, errors occurred!" && exit 1
echo "$ZEPHYR_TOOLCHAIN_VARIANT" > CMakeCache.txt
[ "$ZEPHYR_TOOLCHAIN_VARIANT" = good ] && exit 0
touch bad
echo "-- Configuring incomplete, errors occurred!"
exit 1
"""


@pytest.fixture
def west(tmp_path):
    """west(toolchain) builds; -> whether that succeeded, and how often CMake has configured."""
    script, folder, count = tmp_path / "west", tmp_path / "build", tmp_path / "count"
    script.write_text(WEST)
    script.chmod(0o755)
    place = zephyr.Workspace(tmp_path, tmp_path / "zephyr", tmp_path / "micropython", str(script))

    def build(toolchain, **more):
        env = {"PATH": "/usr/bin:/bin", "ZEPHYR_TOOLCHAIN_VARIANT": toolchain} | more
        log = zephyr.build_in(folder, [str(script), str(folder), str(count)], place, env)
        return log is None, count.read_text().count("configured")

    return build


def test_a_right_toolchain_builds_where_a_wrong_one_failed(west):
    assert west("bad") == (False, 1)
    assert west("good") == (True, 2)
    assert west("good") == (True, 3)


def test_a_configuration_that_failed_is_tried_again_from_nothing(west, tmp_path):
    assert west("good") == (True, 1)
    (tmp_path / "build/bad").touch()  # as after an overlay or a Kconfig file that is gone
    assert west("good") == (True, 3)


def test_another_toolchain_starts_afresh(west, tmp_path):
    assert west("good")[0]
    (tmp_path / "build/object").touch()
    assert west("good", GNUARMEMB_TOOLCHAIN_PATH="/opt/other")[0]
    assert not (tmp_path / "build/object").exists()


@pytest.mark.parametrize(
    "log, why",
    [
        (
            "app.conf:3: warning: attempt to assign the value 'y' to the undefined symbol NONSENSE\n\n"
            "warning: FPU was assigned the value 'y' but got the value 'n'.\n\n"
            "error: Aborting due to Kconfig warnings\n\nCMake Error at kconfig.cmake:396 (message):\n"
            "  command failed with return code: 1\n",
            "app.conf:3: warning: attempt to assign the value 'y' to the undefined symbol NONSENSE",
        ),
        (
            "Parsing Kconfig\nkconfig.py: drivers/Kconfig:119: 'target/Kconfig' not found\n"
            "CMake Error at kconfig.cmake:396 (message):\n  command failed with return code: 1\nCall Stack (most recent):\n",
            "kconfig.py: drivers/Kconfig:119: 'target/Kconfig' not found",
        ),
        ("CMake Error at x.cmake:1 (message):\n  No model at /a.lnn\n\n\n", "No model at /a.lnn"),
        ("a.c:1:2: error: 'x' undeclared\n", "a.c:1:2: error: 'x' undeclared"),
    ],
)
def test_a_failure_is_told_by_the_line_that_names_it(tmp_path, log, why):
    (tmp_path / "log").write_text(log)
    assert zephyr.reason(tmp_path / "log") == why


def test_the_binding_goes_when_it_is_switched_off(root, tmp_path):
    """In a build folder whose cache still names it."""
    if shutil.which("cmake") is None:
        pytest.skip("cmake is missing")
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20)\nproject(port NONE)\n"
        f"include({root}/cmodule/zephyr/user_c_modules.cmake)\n"
    )

    def modules(*settings):
        command = ["cmake", "-S", tmp_path, "-B", tmp_path / "build", *settings]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return re.search(r"^USER_C_MODULES:\w+=(.*)$", (tmp_path / "build/CMakeCache.txt").read_text(), re.M)[1]

    binding = f"{root}/cmodule/zephyr/micropython.cmake"
    assert modules("-DUSER_C_MODULES=/mine.cmake", "-DCONFIG_LIQUID_AUDIO_MICROPYTHON=y") == f"/mine.cmake;{binding}"
    assert modules() == f"/mine.cmake;{binding}"
    assert modules("-DCONFIG_LIQUID_AUDIO_MICROPYTHON=") == "/mine.cmake"


ZEPHYR = """
cmake_minimum_required(VERSION 3.20)
project(port NONE)
set(APPLICATION_SOURCE_DIR ${CMAKE_CURRENT_SOURCE_DIR})
foreach(name library_named include_directories library_compile_options library_compile_definitions_ifdef)
    cmake_language(EVAL CODE "function(zephyr_${name})\nendfunction()")
endforeach()
function(zephyr_library_sources)
    foreach(file ${ARGN})
        message(STATUS "compiles ${file}")
    endforeach()
endfunction()
function(zephyr_library_sources_ifdef option)
    if(${option})
        zephyr_library_sources(${ARGN})
    endif()
endfunction()
function(dt_chosen node)
    set(${node} ${CHOSEN} PARENT_SCOPE)
endfunction()
"""
"""What the module's CMakeLists.txt asks of Zephyr."""


@pytest.fixture
def configured(root, tmp_path):
    """configured(settings of CMake) -> what the module's CMakeLists.txt says, without a workspace."""
    if shutil.which("cmake") is None:
        pytest.skip("cmake is missing")
    (tmp_path / "CMakeLists.txt").write_text(ZEPHYR + f"include({root}/cmodule/zephyr/CMakeLists.txt)\n")

    def configure(**settings):
        given = [f"-D{name}={value}" for name, value in {"CONFIG_LIQUID_AUDIO": "y", **settings}.items()]
        command = ["cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-DPython3_EXECUTABLE={sys.executable}", *given]
        done = subprocess.run(command, text=True, capture_output=True)
        return " ".join((done.stdout + done.stderr).split())

    return configure


def test_a_board_without_a_chosen_microphone_is_told_so(configured):
    board = {"BOARD": "unlisted", "CONFIG_LIQUID_AUDIO_MICROPHONE": "y"}
    told = "no microphone, because the devicetree of unlisted has no chosen node liquid-audio,microphone"
    assert told in configured(**board)
    assert "no microphone" not in configured(**board, CHOSEN="/soc/i2s")


def test_a_public_key_is_baked_in(configured, tmp_path):
    public = key_pair()[1]
    (tmp_path / "pub.pem").write_bytes(public)
    settings = {
        "CONFIG_LIQUID_AUDIO_VERIFY": "y",
        "CONFIG_LIQUID_AUDIO_PUBLIC_KEY_FILE": "pub.pem",  # below the application
        "CONFIG_LIQUID_AUDIO_MINIMUM_MODEL_VERSION": 7,
        "CONFIG_LIQUID_AUDIO_MONOCYPHER_DIR": tmp_path,
    }
    assert "monocypher.c in" in configured(**settings), "it is missing"
    (tmp_path / "monocypher.c").touch()
    said = configured(**settings)
    assert all(f"verify/{name}.c" in said for name in ("ed25519", "sha512", "trusted_key", "monocypher_parts"))
    header = (tmp_path / "build/liquid_audio_key/lnn_trusted_key.h").read_text()
    key = serialization.load_pem_public_key(public).public_bytes_raw()
    assert ", ".join(f"0x{byte:02x}" for byte in key) in header and "7" in header
    (tmp_path / "pub.pem").write_text("no key")
    assert "it is no public key for Ed25519 in PEM" in configured(**settings)
    assert "ed25519.c" not in configured(CONFIG_LIQUID_AUDIO_VERIFY="")


def test_the_binding_verifies_where_kconfig_wants_it(root, tmp_path):
    """MicroPython's Zephyr port compiles a user module without its definitions, so Kconfig's own is what counts."""
    (tmp_path / "py").mkdir()
    for name in ("obj", "gc", "runtime"):
        (tmp_path / f"py/{name}.h").touch()
    command = ["gcc", "-E", f"-I{tmp_path}", f"-I{root}/cmodule/include", "-DCONFIG_LIQUID_AUDIO=1"]

    def compiled(*options):
        source = root / "cmodule/micropython/lnn_object.c"
        text = subprocess.run([*command, *options, source], text=True, capture_output=True, check=True).stdout
        return re.findall(r"lnn_status_t status =\s*(\w+)\(file", text)

    assert compiled() == ["lnn_load"]
    assert compiled("-DCONFIG_LIQUID_AUDIO_VERIFY=1") == ["lnn_load_verified"]
    assert "target_compile_definitions" not in (root / "cmodule/zephyr/micropython.cmake").read_text()


def test_baked_model_has_its_size_on_every_assembler(root, tmp_path):
    """.word has 2 bytes on x86, and the model has more than 64 KB here."""
    (tmp_path / "model.lnn").write_bytes(bytes(70_001))
    (tmp_path / "main.c").write_text(
        "#include <stdio.h>\n#include <liquid_audio/baked_model.h>\n"
        'int main(void) { printf("%u %u", lnn_baked_model_bytes, (unsigned)((uintptr_t)lnn_baked_model % 16)); }\n'
    )
    flags = [f"-I{root}/cmodule/zephyr/include", f'-DLNN_MODEL_FILE="{tmp_path}/model.lnn"', "-o", tmp_path / "main"]
    sources = [tmp_path / "main.c", root / "cmodule/zephyr/baked_model.c"]
    subprocess.run([shutil.which("gcc") or "cc", *sources, *flags], check=True)
    assert subprocess.run([tmp_path / "main"], capture_output=True, text=True).stdout == "70001 0"
