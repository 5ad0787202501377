# SPDX-License-Identifier: MIT
"""The C core alone, built for QEMU's Cortex-M and RISC-V machines and for the host, run to its last word."""

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
COMPILER = "arm-none-eabi-gcc"
SINGLE = ("-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
SANITIZED = ["-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all"]
MEMORY_BYTES = 8192


@dataclass(frozen=True)
class Machine:
    """cpu: the compiler's options.  clock_hz: of clock_ticks() in an image."""

    qemu: str
    cpu: tuple[str, ...]
    clock_hz: int = 25_000_000
    flash: tuple[int, int] = (0, 0x400000)
    ram: tuple[int, int] = (0x20000000, 0x400000)
    compiler: str = COMPILER
    emulator: tuple[str, ...] = ("qemu-system-arm",)
    startup: str = "startup.c"


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
    "riscv32": Machine(
        "virt",
        ("-march=rv32imac", "-mabi=ilp32"),
        31_250_000,  # it counts instructions
        (0x80000000, 0x400000),
        (0x80400000, 0x400000),
        "riscv64-unknown-elf-gcc",
        ("qemu-system-riscv32", "-bios", "none"),
        "startup_riscv.c",
    ),
}


def suited(model: Model, name: str) -> Model:
    """The same integer model with the layout of a machine, golden vectors made anew."""
    if name != "qemu_m55":
        return model
    return add_golden(lay_out(model, "cortex_m55"), model.golden.audio, model.golden.tolerance)


def available() -> bool:
    """Compiler and emulator are installed."""
    return all(shutil.which(tool) for m in MACHINES.values() for tool in (m.compiler, m.emulator[0]))


def sources(*own: str) -> list[str]:
    """The core, the drives and these files of this folder."""
    return [str(path) for path in (*CORE, HERE / "drive.c", *(HERE / name for name in own))]


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
    return link(machine, target, [optimize], [*_defines(model, steps), *extra, *sources("main.c", "model.S")])


def link(
    machine: Machine, target: Path, optimize: list[str], parts: list[str], warnings=("-Wall", "-Wextra", "-Werror")
) -> Path:
    """An image of these parts, and what the machine needs to start."""
    symbols = {
        "FLASH_START": machine.flash[0],
        "FLASH_BYTES": machine.flash[1],
        "RAM_START": machine.ram[0],
        "RAM_BYTES": machine.ram[1],
    }
    options = [
        "-nostartfiles",
        "-static",
        "-Wl,--gc-sections",
        "-T",
        str(HERE / "image.ld"),
        *(f"-Wl,--defsym={name}={value:#x}" for name, value in symbols.items()),
    ]
    return _compile(
        [
            machine.compiler,
            *machine.cpu,
            *(["-mthumb"] if machine.compiler == COMPILER else []),
            "-std=gnu99",
            *optimize,
            *warnings,
            "-ffunction-sections",
            "-fdata-sections",
            f"-DCLOCK_HZ={machine.clock_hz}u",
            *c_library(machine.compiler),
            *INCLUDE,
            str(HERE / machine.startup),
            str(HERE / "semihost.c"),
            *parts,
            *options,
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
    parts = [HERE / "cmsis_matvec.c", *parts]
    return link(machine, target, ["-O3"], [str(part) for part in parts], warnings=["-w"])


def c_library(compiler: str = COMPILER) -> list[str]:
    """newlib if it is installed, else picolibc."""
    found = subprocess.run([compiler, "-print-file-name=libc_nano.a"], capture_output=True, text=True)
    return [] if "/" in found.stdout else ["--specs=picolibc.specs"]


def build_for_host(model: Path, target: Path, steps: int = 0, memory_bytes: int = MEMORY_BYTES) -> Path:
    """The same program under UndefinedBehaviorSanitizer."""
    parts = [*_defines(model, steps, memory_bytes), *sources("main.c", "model.S")]
    return link_for_host(target, parts, SANITIZED)


def link_for_host(target: Path, parts: list[str], options: list[str]) -> Path:
    """A program of these parts for the host."""
    return _compile(["gcc", "-std=gnu99", *options, *INCLUDE, str(HERE / "host.c"), *parts], target)


def run(machine: Machine, image: Path, timeout_s: float = 120) -> dict:
    """What the image printed.  Raises AssertionError if it failed."""
    said = emulate(machine, image, timeout_s, ("-icount", "shift=5,sleep=off"))
    return json.loads(said[said.index("{") : said.rindex("}") + 1])


def emulate(machine: Machine, image: Path, timeout_s: float, options: tuple[str, ...] = ()) -> str:
    """Runs an image in its own folder, which it sees, to its end; gives all that was printed.  Raises AssertionError."""
    quiet = (
        "-display",
        "none",
        "-monitor",
        "none",
        "-serial",
        "null",
        "-semihosting-config",
        "enable=on,target=native",
    )
    return run_program(
        [*machine.emulator, "-M", machine.qemu, *quiet, *options, "-kernel", str(image)], timeout_s, image.parent
    )


def run_on_host(program: Path, timeout_s: float = 120) -> dict:
    """What the program printed.  Raises AssertionError if it failed."""
    said = run_program([str(program)], timeout_s, program.parent)
    return json.loads(said[said.index("{") : said.rindex("}") + 1])


def run_program(command: list[str], timeout_s: float, folder: Path) -> str:
    """Runs a command in a folder; gives all that it printed.  Raises AssertionError if it failed."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=timeout_s, stdin=subprocess.DEVNULL, cwd=folder
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said
