# SPDX-License-Identifier: MIT
"""Synthetic speech from the espeak-ng and flite programs: words in many voices, 16 kHz int16."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .files import AudioError, resample, to_int16

ESPEAK_ACCENTS = ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-029", "en-us-nyc")
_VARIANTS = """
m1 m2 m3 m4 m5 m7 f1 f2 f3 f4 f5 klatt klatt2 Andy Annie Alex belinda david linda michael steph paul Denis
anika edward pablo zac
"""
ESPEAK_VARIANTS = ("", *(f"+{name}" for name in _VARIANTS.split()))
FLITE_VOICES = ("kal16", "awb", "rms", "slt")


@dataclass(frozen=True)
class Voice:
    """engine: 'espeak-ng' or 'flite'; rate: 1 is normal, 1.2 is faster; pitch: 1 is the voice's own."""

    engine: str
    name: str
    rate: float = 1.0
    pitch: float = 1.0

    def __str__(self) -> str:
        return f"{self.engine}:{self.name}@{self.rate:.2f}/{self.pitch:.2f}"


def engines() -> list[str]:
    """The installed speech programs."""
    return [name for name in ("espeak-ng", "flite") if shutil.which(name)]


def voices(installed: Sequence[str] | None = None) -> list[Voice]:
    """Every voice of the installed programs, at normal rate and pitch.

    Raises AudioError if no speech program is installed."""
    installed = engines() if installed is None else installed
    found = []
    if "espeak-ng" in installed:
        found += [Voice("espeak-ng", a + v) for a in ESPEAK_ACCENTS for v in ESPEAK_VARIANTS]
    if "flite" in installed:
        found += [Voice("flite", name) for name in FLITE_VOICES]
    if not found:
        raise AudioError("no speech program found; install one: apt install espeak-ng flite")
    return found


def random_voice(rng: np.random.Generator, choices: Sequence[Voice], flite_share: float = 0.3) -> Voice:
    """One of the voices at a random rate and pitch; flite's few voices are chosen with probability flite_share."""
    flite = [v for v in choices if v.engine == "flite"]
    espeak = [v for v in choices if v.engine != "flite"]
    pool = flite if flite and (not espeak or rng.random() < flite_share) else espeak
    base = pool[rng.integers(len(pool))]
    return Voice(base.engine, base.name, float(rng.uniform(0.75, 1.35)), float(rng.uniform(0.75, 1.3)))


def _run(command: list[str], stdin: str | None = None) -> bytes:
    try:
        done = subprocess.run(command, input=None if stdin is None else stdin.encode(), capture_output=True, timeout=30)
    except FileNotFoundError as error:
        raise AudioError(f"{command[0]} is not installed; apt install {command[0]}") from error
    if done.returncode:
        raise AudioError(f"{command[0]} failed: {done.stderr.decode(errors='replace').strip()[:200]}")
    return done.stdout


def phonemes(text: str) -> list[str]:
    """espeak-ng's names of the phonemes of a text, such as k @ m p j 'u: t# 3, an apostrophe before the stressed vowel.

    A text "[[k|@|m|p|j|'u:|t#|3]]" of such names is spoken as it stands, by espeak-ng's voices alone.
    Raises AudioError if espeak-ng is missing."""
    named = _run(["espeak-ng", "-q", "-x", "--sep=_", "-v", "en-us", text]).decode()
    return [name for name in re.split(r"[\s_]+", named) if name]


def _espeak(text: str, voice: Voice) -> tuple[np.ndarray, int]:
    wav = _run(
        [
            "espeak-ng",
            "--stdout",
            "-v",
            voice.name,
            "-s",
            str(round(165 * voice.rate)),
            "-p",
            str(int(np.clip(50 * voice.pitch, 0, 99))),
            text,
        ]
    )
    # A streamed wav has a wrong length field; the header is 44 bytes of plain PCM.
    header, samples = wav[:44], wav[44:]
    rate_hz = int.from_bytes(header[24:28], "little")
    return np.frombuffer(samples[: len(samples) // 2 * 2], "<i2"), rate_hz


def _flite(text: str, voice: Voice) -> tuple[np.ndarray, int]:
    import soundfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        command = ["flite", "-voice", voice.name, "--setf", f"duration_stretch={1 / voice.rate:.3f}"]
        if voice.pitch != 1.0:
            command += ["--setf", f"int_f0_target_mean={115 * voice.pitch:.0f}"]
        _run([*command, "-t", text, "-o", str(path)])
        signal, rate_hz = soundfile.read(str(path), dtype="int16")
    return signal, rate_hz


def say(text: str, voice: Voice | None = None, sample_rate_hz: int = 16000) -> np.ndarray:
    """Speak text; int16 (n,) at sample_rate_hz with leading and trailing silence cut off.

    Raises AudioError if the program is missing or gives no sound."""
    voice = voice or voices()[0]
    signal, rate_hz = (_espeak if voice.engine == "espeak-ng" else _flite)(text, voice)
    loud = np.flatnonzero(np.abs(signal.astype(np.int32)) > 100)
    if len(loud) == 0:
        raise AudioError(f"{voice} gave no sound for '{text}'")
    margin = rate_hz // 50
    signal = signal[max(loud[0] - margin, 0) : loud[-1] + margin]
    return to_int16(resample(signal / 32768.0, rate_hz, sample_rate_hz))
