# SPDX-License-Identifier: MIT
"""Pieces of a Zephyr build that need no workspace: folders that went bad, reasons of failures, the baked model."""

import re
import shutil
import subprocess

import pytest
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
