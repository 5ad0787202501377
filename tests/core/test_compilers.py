"""The core compiles without a warning for the host and for every Cortex-M, with and without an FPU."""

import shutil
import subprocess
from typing import Sequence

import machines
import pytest
from sanitized import CORE, INCLUDE

WARNINGS = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wpointer-arith", "-Wdouble-promotion",
            "-Wstrict-prototypes", "-Werror", "-ffreestanding", "-fsyntax-only"]
CORES = {
    "m0": ["-mcpu=cortex-m0"], "m3": ["-mcpu=cortex-m3"], "m4": ["-mcpu=cortex-m4"],
    "m4f": ["-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"],
    "m7": ["-mcpu=cortex-m7", "-mfloat-abi=hard", "-mfpu=fpv5-d16"], "m33": ["-mcpu=cortex-m33"],
    "m55": ["-mcpu=cortex-m55", "-mfloat-abi=hard"],
}


def compile_core(*compiler: str, after: Sequence[str] = ()) -> None:
    done = subprocess.run([*compiler, *WARNINGS, *after, *INCLUDE, *map(str, CORE)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:3000]


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_host(compiler):
    if not shutil.which(compiler):
        pytest.skip(f"no {compiler}")
    compile_core(compiler)


@pytest.mark.parametrize("core", CORES)
def test_cortex_m(core):
    if not shutil.which("arm-none-eabi-gcc"):
        pytest.skip("no arm-none-eabi-gcc")
    # arm_acle.h's intrinsics mix signs; the portable code's signs are checked on the host
    compile_core("arm-none-eabi-gcc", "-mthumb", *CORES[core], after=["-Wno-sign-conversion", *machines.c_library()])


def test_header_is_c_plus_plus_too(tmp_path):
    source = tmp_path / "header.cpp"
    source.write_text('#include "liquid_audio_lnn.h"\nint main() { return lnn_error_name(LNN_OK) == nullptr; }\n')
    subprocess.run(["g++", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *INCLUDE, str(source)], check=True)
