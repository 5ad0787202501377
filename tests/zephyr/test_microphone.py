# SPDX-License-Identifier: MIT
"""Zephyr's microphone on this machine: its threads under sanitizers, and what each kind of driver delivers.

The C files are compiled as they are, against the little of Zephyr that they use (shim/), so no workspace is needed.
"""

import shutil
import subprocess

import pytest

COMPATIBLES = ("nordic_nrf_pdm", "st_mpxxdtyy", "st_stm32_i2s", "st_stm32h7_i2s")
CONFIG = {"BLOCK_SAMPLES": 16, "QUEUE_BLOCKS": 3, "DRIVER_BLOCKS": 4, "CHANNELS": 1}
SLOTS = [[0x1234, -0x8000, 0], [-1, 0x7FFF, -0x124]]
"""The high halves of the slots in microphone_layouts.c, left and right."""


@pytest.fixture
def compiled(root, tmp_path):
    """compiled(C file, compatibles of the microphone, gcc's flags, **CONFIG) -> program"""

    def compile(name, compatibles=(), flags=(), **config):
        macros = {f"CONFIG_LIQUID_AUDIO_MIC_{key}": value for key, value in (CONFIG | config).items()}
        macros |= {f"SHIM_{compatible}": int(compatible in compatibles) for compatible in COMPATIBLES}
        program = tmp_path / name.removesuffix(".c")
        subprocess.run(
            [
                shutil.which("gcc") or "cc",
                *("-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function", "-pthread"),
                *(f"-D{key}={value}" for key, value in macros.items()),
                f"-I{root}/tests/zephyr/shim",
                f"-I{root}/cmodule/zephyr",
                f"-I{root}/cmodule/zephyr/include",
                *flags,
                root / "tests/zephyr" / name,
                *("-o", program),
            ],
            check=True,
        )
        return program

    return compile


def run(*command) -> str:
    done = subprocess.run(command, text=True, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("sanitizers", ["thread", "address,undefined"])
def test_threads_are_clean(compiled, sanitizers):
    """Stop wakes every reader with -EPIPE, start and stop may race, counters may wrap: under ThreadSanitizer, too."""
    program = compiled("microphone_threads.c", flags=[f"-fsanitize={sanitizers}"])
    assert run(program) == "clean\n"


@pytest.mark.parametrize(
    "register_bits, compatibles",
    [(16, ["st_stm32_i2s"]), (32, ["st_stm32_i2s", "st_stm32h7_i2s"]), (32, [])],
    ids=["stm32f4", "stm32h7", "others"],
)
def test_words_of_each_peripheral_become_samples(compiled, register_bits, compatibles):
    flags = [f"-DREGISTER_BITS={register_bits}", "-fsanitize=address,undefined"]
    program = compiled("microphone_layouts.c", compatibles, flags, CHANNELS=2)
    for channel, expected in enumerate(SLOTS):
        assert list(map(int, run(program, "256", str(channel)).split())) == expected
    # the lower bits of a slot count with a gain of 4, and what grows too loud is clipped
    assert list(map(int, run(program, "1024", "0").split())) == [0x123456 >> 6, -0x8000, 0xFF >> 6]
    mono = compiled("microphone_layouts.c", compatibles, flags, CHANNELS=1)
    assert list(map(int, run(mono, "256", "0").split())) == [
        sample for pair in zip(*SLOTS, strict=True) for sample in pair
    ]


@pytest.mark.parametrize("compatibles", [[], ["st_mpxxdtyy"]], ids=["others", "mp45dt02"])
@pytest.mark.parametrize("rate_hz", [8000, 16000])
def test_a_stop_waits_for_the_block_under_way(compiled, rate_hz, compatibles):
    """320 samples at 8 kHz take 40 ms."""
    run(compiled("microphone_stop.c", compatibles, BLOCK_SAMPLES=320), str(rate_hz))


@pytest.mark.parametrize(
    "compatibles, version, refused",
    [
        (["nordic_nrf_pdm"], (4, 1), True),
        (["nordic_nrf_pdm"], (4, 2), False),
        (["st_stm32_i2s"], (4, 1), False),
        (["st_stm32_i2s"], (4, 4), False),
        (["st_stm32_i2s"], (4, 5), True),
        (["st_stm32_i2s", "st_stm32h7_i2s"], (4, 4), True),
        (["st_stm32_i2s", "st_stm32h7_i2s"], (4, 5), False),
        ([], (4, 1), False),
    ],
)
def test_a_driver_that_would_deliver_garbage_is_refused(root, tmp_path, compiled, compatibles, version, refused):
    (tmp_path / "asks.c").write_text('#include "drivers_checked.h"\n#ifdef LNN_MIC_REFUSED\n#error refused\n#endif\n')
    command = [
        shutil.which("gcc") or "cc",
        "-fsyntax-only",
        *(f"-DSHIM_{compatible}={int(compatible in compatibles)}" for compatible in COMPATIBLES),
        *(f"-DKERNEL_VERSION_{part}={number}" for part, number in zip(("MAJOR", "MINOR"), version, strict=True)),
        f"-I{root}/tests/zephyr/shim",
        f"-I{root}/cmodule/zephyr",
        tmp_path / "asks.c",
    ]
    assert (subprocess.run(command, capture_output=True).returncode != 0) == refused
