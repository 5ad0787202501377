# SPDX-License-Identifier: MIT
"""Stack and text of the core on every core, and of the verifier on the Cortex-M4F: bytes, the same on every machine."""

import pathlib
import re
import subprocess
import sys
import tempfile

from bench_bare import BOARDS
from bench_keywords import MODELS, ROOT, continuous_speech, row
from liquid_audio_nets.board import sources
from liquid_audio_nets.lnn import load, save

sys.path.insert(0, str(ROOT / "tests/bare"))
import machines

VERIFIER = [ROOT / "cmodule/verify" / name for name in ("sha512.c", "ed25519.c", "trusted_key.c", "monocypher_parts.c")]
VERIFIED = "qemu_m4f"


def measure() -> list[dict]:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        recording = folder / "speech.raw"
        recording.write_bytes(continuous_speech()[:16000].astype("<i2").tobytes())
        rows = [line for board in BOARDS for line in measure_core(board, folder, recording)]
        return rows + measure_verifier(folder, recording)


def measure_core(name: str, folder: pathlib.Path, recording: pathlib.Path) -> list[dict]:
    """Rows of one core: integers, and floats where the prefix says so."""
    rows = [row("core_text_bytes", name, text_bytes(machines.MACHINES[name], machines.CORE, folder), "bytes")]
    for prefix, path in MODELS.items():
        model = load(path)
        save(machines.suited(model, name) if prefix == "" else model, folder / "model.lnn")
        said = stack(machines.MACHINES[name], folder, recording)
        rows += [
            row(f"{prefix}{call}_stack_bytes", name, said[f"{call}_stack_bytes"], "bytes")
            for call in ("load", "process")
        ]
    return rows


def text_bytes(machine: machines.Machine, files: list[pathlib.Path], folder: pathlib.Path, *options: str) -> int:
    """Code and constants of C files, compiled as firmware has them: the kernels with -O3, the rest with -Os."""
    lists = (ROOT / "cmodule/sources.cmake").read_text().split("LIQUID_COLD_SOURCES")[1]
    cold = set(re.findall(r"/(\w+\.c)", lists))
    flags = [*machine.cpu, "-mthumb", "-std=gnu99", *machines.c_library(), *machines.INCLUDE, *options]
    for file in files:
        speed = "-Os" if file.name in cold or file in VERIFIER else "-O3"
        words = ["arm-none-eabi-gcc", *flags, speed, "-w", "-ffunction-sections", "-c", file, "-o", f"{file.stem}.o"]
        subprocess.run(words, cwd=folder, check=True)
    words = ["arm-none-eabi-size", "--totals", *(f"{file.stem}.o" for file in files)]
    said = subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True).stdout
    return int(said.splitlines()[-1].split()[0])


def stack(machine: machines.Machine, folder: pathlib.Path, recording: pathlib.Path, *extra: str) -> dict:
    """What tests/bare/stack.c prints of model.lnn in the folder."""
    own = [machines.HERE / name for name in ("stack.c", "model.S")]
    defines = [*machines._defines(folder / "model.lnn", 0, 1 << 15), *machines.recording(recording)]
    parts = [*defines, *extra, *map(str, (*own, *machines.CORE))]
    return machines.run(machine, machines.link(machine, folder / "stack.elf", ["-O2"], parts, warnings=["-w"]))


def measure_verifier(folder: pathlib.Path, recording: pathlib.Path) -> list[dict]:
    """What it costs to take signed models only: the linked code, the stack of a load, and the time of a check."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from liquid_audio_nets.lnn import signature

    key, pem = Ed25519PrivateKey.from_private_bytes(bytes(range(32))), serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    (folder / "pub.pem").write_bytes(public)
    (folder / "model.lnn").write_bytes(signature.sign(MODELS[""].read_bytes(), private, 1))
    script = ROOT / "cmodule/verify/public_key.py"
    subprocess.run([sys.executable, script, "pub.pem", "1", "lnn_trusted_key.h"], cwd=folder, check=True)
    machine, options = machines.MACHINES[VERIFIED], (f"-I{sources.monocypher().folder}", f"-I{folder}")
    said = stack(machine, folder, recording, "-DVERIFIED", *options, *map(str, VERIFIER))
    signed_text = linked_text(folder)
    (folder / "model.lnn").write_bytes(MODELS[""].read_bytes())
    stack(machine, folder, recording)
    return [
        row("verify_text_bytes", VERIFIED, signed_text - linked_text(folder), "bytes"),
        row("verified_load_stack_bytes", VERIFIED, said["load_stack_bytes"], "bytes"),
        row("verify_instructions", VERIFIED, round(said["verify_ticks"] * 31.25e6 / machine.clock_hz), "instructions"),
    ]


def linked_text(folder: pathlib.Path) -> int:
    """Text of the last image without its model and sound."""
    said = subprocess.run(["arm-none-eabi-nm", "-S", folder / "stack.elf"], check=True, capture_output=True, text=True)
    sizes = re.findall(r"^\w+ (\w+) [tTrR] ", said.stdout, re.M)
    return sum(int(size, 16) for size in sizes)
