# SPDX-License-Identifier: MIT
"""The shipped model and its float twin on virtual boards: exact instructions, the Python loop included, and sizes."""

import dataclasses
import json
import pathlib
import re
import subprocess
import tempfile

import numpy as np
from liquid_audio_nets import board as boards
from liquid_audio_nets import link
from liquid_audio_nets.audio import Voice, say, write_wav

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = {"": ROOT / "device/models/keywords.lnn", "float_": ROOT / "device/models/keywords_f32.lnn"}
BOARDS = ("qemu_m4f", "qemu_m7")
SECONDS = 10
SENTENCE = (
    "the quick brown fox jumps over the lazy dog and then it goes right up to the old house on the left side "
    "of the road where no one says yes or stops to look down"
)
SILENCE_RMS = 0.0001  # of full scale: a quiet room, below the gate
SCRIPT = ROOT / "tests/bench/on_board.py"


def continuous_speech() -> np.ndarray:
    """Speech without pauses, int16 (SECONDS * 16000,)."""
    signal = np.concatenate([say(SENTENCE, Voice("espeak-ng", name)) for name in ("en-us", "en-gb+f2")])
    return np.resize(signal, SECONDS * 16000)


def silence() -> np.ndarray:
    return (np.random.default_rng(0).normal(size=SECONDS * 16000) * SILENCE_RMS * 32768).round().astype(np.int16)


def rooms() -> dict[str, np.ndarray]:
    """Nobody speaks: DC of 100 LSB, 25 Hz of amplitude 20, white noise of 11 LSB; int16 (2 * SECONDS * 16000,)."""
    n = 2 * SECONDS * 16000
    noise = np.random.default_rng(1).normal(size=n)
    rumble = 20 * np.sin(2 * np.pi * 25 * np.arange(n) / 16000)
    signals = {"dc": 100 + 3 * noise, "rumble": rumble + 3 * noise, "white_noise": 11 * noise}
    return {name: signal.round().astype(np.int16) for name, signal in signals.items()}


def row(metric: str, board: str, value: float, unit: str) -> dict:
    return {"metric": metric, "board": board, "value": value, "unit": unit}


def measure() -> list[dict]:
    return [line for name in BOARDS for line in measure_board(name)]


def measure_board(name: str) -> list[dict]:
    with tempfile.TemporaryDirectory() as folder:
        board = dataclasses.replace(boards.find_board(name), running_in=pathlib.Path(folder) / "board")
        boards.build(board)
        for sound, samples in (("speech", continuous_speech()), ("silence", silence()), *rooms().items()):
            write_wav(f"{folder}/{sound}.wav", samples)
        connection = link.open_link(boards.start(board))
        try:
            connection.exec(SCRIPT.read_text())
            found = {}
            for prefix, model in MODELS.items():
                target = f"/models/{model.name}"
                link.upload(connection, model.read_bytes(), target)
                said = json.loads(connection.exec(f"print_json({target!r}, {folder!r}, {SECONDS})"))
                found |= {prefix + metric: value for metric, value in said.items()}
        finally:
            connection.close()
            boards.stop(board)
    units = {"instructions": "instructions", "bytes": "bytes", "blocks": "bytes"}
    rows = [row(metric, name, value, units[metric.split("_")[-1]]) for metric, value in sorted(found.items())]
    return [
        *rows,
        row("firmware_text_bytes", name, text_bytes(board.firmware), "bytes"),
        row("module_text_bytes", name, module_text_bytes(board.firmware.with_suffix(".map")), "bytes"),
    ]


def text_bytes(elf: pathlib.Path) -> int:
    out = subprocess.run(["arm-none-eabi-size", str(elf)], capture_output=True, text=True, check=True).stdout
    return int(out.splitlines()[1].split()[0])


def module_text_bytes(linker_map: pathlib.Path) -> int:
    """Code and constants of core, CMSIS-DSP and binding that the linker kept; not the virtual board's own parts."""
    kept = linker_map.read_text().split("Linker script and memory map")[1]
    total = 0
    for size, file in re.findall(r"^ \.(?:text|rodata)\S*\s+0x[0-9a-f]+\s+0x([0-9a-f]+)\s+(\S+)$", kept, re.M):
        if re.search(r"/cmodule/(core|micropython)/(?!virtual_)", file):
            total += int(size, 16)
    return total
