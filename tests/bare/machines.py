# SPDX-License-Identifier: MIT
"""The C core alone, built for QEMU's Cortex-M machines and for the host, run to its last word."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from liquid_audio_nets.compress.layouts import lay_out
from liquid_audio_nets.lnn import Model
from liquid_audio_nets.native import add_golden

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/bare"
CORE = sorted((ROOT / "cmodule/core").glob("*.c"))
INCLUDE = [f"-I{ROOT / 'cmodule/include'}", f"-I{ROOT / 'cmodule/core'}", f"-I{HERE}"]
COMPILER, QEMU = "arm-none-eabi-gcc", "qemu-system-arm"
SINGLE = ("-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
MEMORY_BYTES = 8192


@dataclass(frozen=True)
class Machine:
    """clock_hz: of SysTick, by which QEMU's machine counts."""

    qemu: str
    cpu: tuple[str, ...]
    clock_hz: int = 25_000_000
    flash: tuple[int, int] = (0, 0x400000)
    ram: tuple[int, int] = (0x20000000, 0x400000)


SECURE = {"clock_hz": 20_000_000, "flash": (0x10000000, 0x400000), "ram": (0x38000000, 0x200000)}
MACHINES = {
    "qemu_m0": Machine(
        "mps2-an385", ("-mcpu=cortex-m0",)
    ),  # armv6-m code: a Cortex-M3 runs it, instruction by instruction
    "microbit": Machine("microbit", ("-mcpu=cortex-m0",), 16_000_000, (0, 0x40000), (0x20000000, 0x4000)),
    "qemu_m3": Machine("mps2-an385", ("-mcpu=cortex-m3",)),
    "qemu_m4f": Machine("mps2-an386", ("-mcpu=cortex-m4", *SINGLE)),
    "qemu_m7": Machine("mps2-an500", ("-mcpu=cortex-m7", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16")),
    "qemu_m33": Machine("mps2-an505", ("-mcpu=cortex-m33", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16"), **SECURE),
    "m33_plain": Machine("mps2-an521", ("-mcpu=cortex-m33+nodsp+nofp",), **SECURE),  # its first core has neither
    "qemu_m55": Machine(
        "mps3-an547", ("-mcpu=cortex-m55", "-mfloat-abi=hard"), 32_000_000, (0, 0x80000), (0x20000000, 0x80000)
    ),
}


def suited(model: Model, name: str) -> Model:
    """The same integer model with the layout of a machine, golden vectors made anew."""
    if name != "qemu_m55":
        return model
    return add_golden(lay_out(model, "cortex_m55"), model.golden.audio, model.golden.tolerance)


def available() -> bool:
    """Compiler and emulator are installed."""
    return all(map(shutil.which, (COMPILER, QEMU)))


def sources(*own: str) -> list[str]:
    return [
        str(path) for path in (*CORE, HERE / "main.c", HERE / "drive.c", HERE / "model.S", *(HERE / o for o in own))
    ]


def _compile(command: list[str], target: Path) -> Path:
    done = subprocess.run([*command, "-o", str(target)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    return target


def recording(path: Path) -> tuple[str, ...]:
    """Option of build(): int16 samples, raw, whose cost a second is measured."""
    return (f'-DAUDIO="{path}"',)


def _defines(model: Path, steps: int, memory_bytes: int = MEMORY_BYTES) -> list[str]:
    return [f'-DMODEL="{model}"', f"-DDRIVE_STEPS={steps}u", f"-DMEMORY_BYTES={memory_bytes}u"]


def build(
    machine: Machine, model: Path, target: Path, steps: int = 0, optimize: str = "-O2", extra: tuple = ()
) -> Path:
    """An image with the model in its flash; steps: of random work. Raises AssertionError with the compiler's words."""
    return _link(machine, target, optimize, [*_defines(model, steps), *INCLUDE, *extra, *sources("startup.c")])


def _link(
    machine: Machine, target: Path, optimize: str, parts: list[str], warnings=("-Wall", "-Wextra", "-Werror")
) -> Path:
    symbols = {
        "FLASH_START": machine.flash[0],
        "FLASH_BYTES": machine.flash[1],
        "RAM_START": machine.ram[0],
        "RAM_BYTES": machine.ram[1],
    }
    link = [
        "-nostartfiles",
        "-static",
        "-Wl,--gc-sections",
        "-T",
        str(HERE / "image.ld"),
        *(f"-Wl,--defsym={name}={value:#x}" for name, value in symbols.items()),
    ]
    return _compile(
        [
            COMPILER,
            *machine.cpu,
            "-mthumb",
            "-std=gnu99",
            optimize,
            *warnings,
            "-ffunction-sections",
            "-fdata-sections",
            f"-DCLOCK_HZ={machine.clock_hz}u",
            *c_library(),
            *parts,
            *link,
        ],
        target,
    )


def build_cmsis_dsp(machine: Machine, dsp: Path, core: Path, target: Path) -> Path:
    """CMSIS-DSP's own product, for comparison; dsp: its folder, core: the folder of core_cm4.h."""
    include = [f"-I{dsp / 'Include'}", f"-I{dsp / 'PrivateInclude'}", f"-I{core}", "-DARM_MATH_LOOPUNROLL"]
    return _build_cmsis(machine, [*include, dsp / "Source/MatrixFunctions/arm_mat_vec_mult_q7.c"], target)


def build_cmsis_nn(machine: Machine, nn: Path, target: Path) -> Path:
    """CMSIS-NN's; nn: its folder."""
    files = ("FullyConnectedFunctions/arm_fully_connected_s8.c", "NNSupportFunctions/arm_nn_vec_mat_mult_t_s8.c")
    return _build_cmsis(
        machine, [f"-I{nn / 'Include'}", "-DUSE_CMSIS_NN", *(nn / "Source" / file for file in files)], target
    )


def _build_cmsis(machine: Machine, parts: list, target: Path) -> Path:
    parts = [f"-I{HERE}", HERE / "cmsis_matvec.c", HERE / "startup.c", *parts]
    return _link(machine, target, "-O3", [str(part) for part in parts], warnings=["-w"])


def c_library() -> list[str]:
    """newlib where it is, else picolibc."""
    found = subprocess.run([COMPILER, "-print-file-name=libc_nano.a"], capture_output=True, text=True)
    return [] if "/" in found.stdout else ["--specs=picolibc.specs"]


def build_for_host(model: Path, target: Path, steps: int = 0, memory_bytes: int = MEMORY_BYTES) -> Path:
    """The same program under UndefinedBehaviorSanitizer."""
    return _compile(
        [
            "gcc",
            "-std=gnu99",
            "-O1",
            "-fsanitize=undefined",
            "-fno-sanitize-recover=all",
            *_defines(model, steps, memory_bytes),
            *INCLUDE,
            *sources("host.c"),
        ],
        target,
    )


def run(machine: Machine, image: Path, timeout_s: float = 120) -> dict:
    """What the image printed. Raises AssertionError where it failed."""
    command = [
        QEMU,
        "-M",
        machine.qemu,
        "-display",
        "none",
        "-monitor",
        "none",
        "-serial",
        "null",
        "-semihosting-config",
        "enable=on,target=native",
        "-icount",
        "shift=5,sleep=off",
        "-kernel",
        str(image),
    ]
    return _run(command, timeout_s)


def run_on_host(program: Path, timeout_s: float = 120) -> dict:
    return _run([str(program)], timeout_s)


def _run(command: list[str], timeout_s: float) -> dict:
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, stdin=subprocess.DEVNULL)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return json.loads(said[said.index("{") : said.rindex("}") + 1])
