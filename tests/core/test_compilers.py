# SPDX-License-Identifier: MIT
"""The core compiles without a warning for the host and for every Cortex-M, with and without an FPU."""

import re
import shutil
import subprocess
from collections.abc import Sequence

import machines
import pytest
from sanitized import CORE, INCLUDE

WARNINGS = [
    "-std=c99",
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Wshadow",
    "-Wpointer-arith",
    "-Wdouble-promotion",
    "-Wstrict-prototypes",
    "-Wundef",
    "-Werror",
    "-ffreestanding",
    "-fsyntax-only",
]
CORES = {
    "m0": ["-mcpu=cortex-m0"],
    "m3": ["-mcpu=cortex-m3"],
    "m4": ["-mcpu=cortex-m4"],
    "m4f": ["-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"],
    "m7": ["-mcpu=cortex-m7", "-mfloat-abi=hard", "-mfpu=fpv5-d16"],
    "m33": ["-mcpu=cortex-m33"],
    "m55": ["-mcpu=cortex-m55", "-mfloat-abi=hard"],
}


VERIFY = [CORE[0].parents[1] / "verify" / name for name in ("sha512.c", "ed25519.c")]


@pytest.fixture(scope="module")
def monocypher_header(tmp_path_factory) -> str:
    """The two declarations that verify/ needs: which files it comes from does not matter here."""
    folder = tmp_path_factory.mktemp("monocypher")
    (folder / "monocypher.h").write_text(
        "#include <stdint.h>\n"
        "void crypto_eddsa_reduce(uint8_t reduced[32], const uint8_t expanded[64]);\n"
        "int crypto_eddsa_check_equation(const uint8_t signature[64], const uint8_t key[32], const uint8_t h[32]);\n"
    )
    return f"-I{folder}"


def compile_core(*compiler: str, after: Sequence[str] = ()) -> None:
    files = map(str, (*CORE, *VERIFY))
    done = subprocess.run([*compiler, *WARNINGS, *after, *INCLUDE, *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:3000]


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_host(compiler, monocypher_header):
    if not shutil.which(compiler):
        pytest.skip(f"no {compiler}")
    compile_core(compiler, after=[monocypher_header])


@pytest.mark.parametrize("core", CORES)
def test_cortex_m(core, monocypher_header):
    if not shutil.which("arm-none-eabi-gcc"):
        pytest.skip("no arm-none-eabi-gcc")
    # arm_acle.h's intrinsics mix signs; the portable code's signs are checked on the host
    compile_core(
        "arm-none-eabi-gcc",
        "-mthumb",
        *CORES[core],
        after=["-Wno-sign-conversion", *machines.c_library(), monocypher_header],
    )


# a step on integers: the cell with its timestep, its products, the readout up to the posterior, gate and policy
STEP = (
    "lnn_cell_s8_step",
    "lnn_grid_s8_step",
    "lnn_matvec",
    "lnn_matvec_s8_add",
    "lnn_scale_sums",
    "lnn_readout_s8_logits",
    "lnn_readout_smooth",
    "lnn_gate_tick",
    "lnn_gate_after_step",
    "lnn_frontend_s16_run",
)

WITH_FLOAT_BRANCH = {
    "lnn_liquid_fade"
}  # a float model takes another branch than an integer one, whose bits tests compare


def calls_of_the_core(folder, *flags: str) -> dict[str, set[str]]:
    """Function -> what it calls, its own static functions by name."""
    called = {}
    for source in CORE:
        subprocess.run(
            ["arm-none-eabi-gcc", *flags, *INCLUDE, "-c", str(source), "-o", "core.o"], cwd=folder, check=True
        )
        listed = subprocess.run(
            ["arm-none-eabi-objdump", "-r", "core.o"], cwd=folder, check=True, capture_output=True, text=True
        )
        for section in listed.stdout.split("RELOCATION RECORDS FOR [.text.")[1:]:
            called[section.split("]")[0]] = set(re.findall(r"R_ARM_THM_(?:CALL|JUMP\d+) +(?:\.text\.)?(\w+)", section))
    return called


def test_a_step_on_integers_has_neither_float_nor_division(tmp_path):
    """A Cortex-M0 has neither: it would call the compiler's library for them."""
    if not shutil.which("arm-none-eabi-gcc"):
        pytest.skip("no arm-none-eabi-gcc")
    called = calls_of_the_core(
        tmp_path, "-std=gnu99", "-O2", "-mthumb", "-mcpu=cortex-m0", "-ffunction-sections", *machines.c_library()
    )
    assert "__aeabi_uldivmod" in called["lnn_readout_detect"] and "__aeabi_fmul" in called["lnn_matvec_f32"]
    reached, new = set(), set(STEP)
    while new:
        reached |= new
        new = set().union(*(called.get(name, ()) for name in new - WITH_FLOAT_BRANCH)) - reached
    assert {"lnn_matvec_s16", "lnn_rows4x4_asm", "__aeabi_lmul", "lnn_anomaly_posterior"} <= reached
    helpers = {name for name in reached if name.startswith("__")}
    assert helpers <= {"__aeabi_lmul", "__aeabi_llsr"}, "64-bit products and shifts are all"


@pytest.mark.parametrize("standard", ["c++98", "c++11", "c++14", "c++17", "c++20"])
def test_headers_are_c_plus_plus_too(tmp_path, standard):
    source = tmp_path / "header.cpp"
    source.write_text(
        '#include "liquid_audio_easy.h"\n#include "liquid_audio_verify.h"\nint main() { return lnn_load_from_flash(0) == 0 && lnn_version() == 0; }\n'
    )
    flags = [f"-std={standard}", "-pedantic", "-Wall", "-Wextra", "-Wundef", "-Werror", "-fsyntax-only"]
    subprocess.run(["g++", *flags, *INCLUDE, str(source)], check=True)


@pytest.mark.parametrize("flags", [["-ffast-math"], ["-Ofast"], ["-ffinite-math-only"], ["-m32", "-mfpmath=387"]])
def test_builds_that_change_results_are_refused(flags):
    """Findings r5, r8: with -ffast-math a NaN weight was loaded, and logits moved by 0.17."""
    for source in (path for path in CORE if path.name in ("engine.c", "cursor.c", "cell_ltc_f32.c", "dsp_portable.c")):
        command = ["gcc", "-fsyntax-only", "-ffreestanding", *flags, *INCLUDE, str(source)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode and '#error "liquid_audio: ' in done.stderr, source.name


def test_a_big_endian_core_is_refused():
    compiler = shutil.which("clang")
    if not compiler:
        pytest.skip("no clang")
    source = next(path for path in CORE if path.name == "engine.c")
    command = [compiler, "--target=mips-none-elf", "-fsyntax-only", "-ffreestanding", *INCLUDE, str(source)]
    assert "needs a little-endian core" in subprocess.run(command, capture_output=True, text=True).stderr


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize(
    "level", [("-O0",), ("-O1",), ("-O3",), ("-Os", "-ffixed-r9"), ("-O0", "-ffixed-r9")], ids="".join
)
def test_every_optimisation_level_compiles(core, level, tmp_path):
    """Finding r10: at -O0 and with a fixed register, inline assembly wanted more registers than there are."""
    if not shutil.which("arm-none-eabi-gcc"):
        pytest.skip("no arm-none-eabi-gcc")
    assembly = [
        str(path) for path in CORE if "__asm" in path.read_text() or path.name in ("frontend_q15.c", "fft_q15.c")
    ]
    command = ["arm-none-eabi-gcc", "-mthumb", *CORES[core], "-std=gnu99", *machines.c_library(), *level, *INCLUDE]
    done = subprocess.run([*command, "-c", *assembly], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:3000]


def test_assembly_has_landing_pads_where_it_jumps_by_register(tmp_path):
    """With -mbranch-protection=bti a core stops at an indirect jump that does not end at the instruction BTI."""
    if not shutil.which("arm-none-eabi-gcc"):
        pytest.skip("no arm-none-eabi-gcc")
    source = next(str(path) for path in CORE if path.name == "matvec_s8_mve.c")
    flags = ["-mthumb", *CORES["m55"], "-std=gnu99", "-O2", *machines.c_library(), *INCLUDE]
    for pads, define in ((0, []), (34, ["-D__ARM_FEATURE_BTI_DEFAULT=1"])):  # 30 blocks, the last, 3, 4 and 5
        subprocess.run(["arm-none-eabi-gcc", *flags, *define, "-c", source, "-o", "mve.o"], cwd=tmp_path, check=True)
        code = subprocess.run(["arm-none-eabi-objdump", "-d", "mve.o"], cwd=tmp_path, capture_output=True, text=True)
        assert len(re.findall(r"f3af 800f", code.stdout)) == pads
