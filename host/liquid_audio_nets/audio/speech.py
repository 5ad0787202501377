# SPDX-License-Identifier: MIT
"""Synthetic speech in many voices, 16 kHz int16: by the programs espeak-ng and flite, and by Kokoro-82M's natural voices."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..user_files import cache_dir
from . import kokoro, kokoro_files
from .files import SAMPLE_RATE_HZ, AudioError, resample, to_int16

PROGRAMS = ("espeak-ng", "flite")
NATURAL = "kokoro"
ENGINES = (*PROGRAMS, NATURAL)

ESPEAK_ACCENTS = ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-029", "en-us-nyc")
ACCENTS = {**kokoro.ACCENTS, "de": ("de",), "en": ESPEAK_ACCENTS, "ru": ("ru",), "zh": ("cmn",)}
"""espeak-ng's accents of each language that synthetic voices speak."""
_VARIANTS = """
m1 m2 m3 m4 m5 m7 f1 f2 f3 f4 f5 klatt klatt2 Andy Annie Alex belinda david linda michael steph paul Denis
anika edward pablo zac
"""
ESPEAK_VARIANTS = ("", *(f"+{name}" for name in _VARIANTS.split()))
FLITE_VOICES = ("kal16", "awb", "rms", "slt")
FLITE_SHARE = 0.3  # of what programs say: flite has few voices
NATURAL_SHARE = 0.5  # of all speech, if programs speak, too


@dataclass(frozen=True)
class Voice:
    """engine: one of ENGINES.  name: as espeak-ng or flite know it, or a kokoro.Blend as text.  rate: 1 is normal, 1.2 is
    faster.  pitch: 1 is the voice's own.  level_db: gain, for natural voices alone."""

    engine: str
    name: str
    rate: float = 1.0
    pitch: float = 1.0
    level_db: float = 0.0

    def __str__(self) -> str:
        level = f"/{self.level_db:+.0f}dB" if self.level_db else ""
        return f"{self.engine}:{self.name}@{self.rate:.2f}/{self.pitch:.2f}{level}"


def engines(wanted: Sequence[str] = PROGRAMS) -> list[str]:
    """Those of the wanted engines that can speak: the programs if they are installed, the natural voices always, because
    prepare() downloads them."""
    return [name for name in wanted if name == NATURAL or shutil.which(name)]


def prepare(wanted: Sequence[str], progress: kokoro_files.Progress = kokoro_files.nothing) -> None:
    """Downloads the natural voices if they are wanted and not there yet.

    progress takes the packages that were downloaded and how many there are.  Raises AudioError if that fails."""
    if NATURAL not in wanted:
        return
    if not shutil.which("espeak-ng"):
        raise AudioError("the natural voices take their phonemes from espeak-ng: apt install espeak-ng")
    if not importlib.util.find_spec("onnxruntime"):
        raise AudioError("the natural voices need onnxruntime: pip install 'liquid-audio-nets[voices]'")
    kokoro_files.folder(progress)


def voices(
    installed: Sequence[str] | None = None,
    parts: Sequence[str] = ("training", "validation"),
    language: str = "en",
) -> list[Voice]:
    """Every voice of the installed engines that speaks a language of ACCENTS, at normal rate and pitch; parts: the splits of the
    natural ones.  Empty if none of them speaks a language other than English.

    Raises AudioError if no engine is installed."""
    installed = engines() if installed is None else installed
    found = []
    if "espeak-ng" in installed:
        found += [Voice("espeak-ng", a + v) for a in ACCENTS[language] for v in ESPEAK_VARIANTS]
    if "flite" in installed and language == "en":
        found += [Voice("flite", name) for name in FLITE_VOICES]
    if NATURAL in installed:
        found += [Voice(NATURAL, name) for name in kokoro.base_voices(language, parts)]
    if not found and not installed:
        raise AudioError("no speech program found; install one: apt install espeak-ng flite")
    return found


def random_voice(rng: np.random.Generator, choices: Sequence[Voice]) -> Voice:
    """One of the voices at a random rate and pitch.  A natural one, chosen with probability NATURAL_SHARE, is blended with
    another of its split; flite's voices are chosen with probability FLITE_SHARE of the rest."""
    natural = [v for v in choices if v.engine == NATURAL]
    flite = [v for v in choices if v.engine == "flite"]
    espeak = [v for v in choices if v.engine == "espeak-ng"]
    if natural and (not (flite or espeak) or rng.random() < NATURAL_SHARE):
        name = kokoro.random_blend(rng, natural[rng.integers(len(natural))].name, ESPEAK_ACCENTS)
        rate, level = round(float(rng.uniform(0.75, 1.3)), 2), round(float(rng.uniform(-12, 0)))
        pitch = round(float(rng.uniform(0.88, 1.14)), 2) if rng.random() < 0.5 else 1.0
        return Voice(NATURAL, name, rate, pitch, level)
    pool = flite if flite and (not espeak or rng.random() < FLITE_SHARE) else espeak
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


def _natural(text: str, voice: Voice) -> tuple[np.ndarray, int]:
    blend = kokoro.Blend.parse(voice.name)
    ipa = _run(["espeak-ng", "-q", "--ipa", "--tie=^", "-v", blend.accent, text]).decode()
    ending = text[-1] if text[-1:] in (".", "!", "?", ",") else blend.ending
    audio = kokoro.speak(kokoro.kokoro_phonemes(ipa, blend.accent) + ending, blend, voice.rate)
    # What is played faster is higher, as if the speaker were smaller.
    return to_int16(audio * 10 ** (voice.level_db / 20)), round(kokoro.SAMPLE_RATE_HZ * voice.pitch)


_SPEAKERS = {"espeak-ng": _espeak, "flite": _flite, NATURAL: _natural}


def say(text: str, voice: Voice | None = None, sample_rate_hz: int = SAMPLE_RATE_HZ) -> np.ndarray:
    """Speak text; int16 (n,) at sample_rate_hz with leading and trailing silence cut off.

    What a natural voice says is kept in the user's cache, because it takes long.
    Raises AudioError if the program is missing or gives no sound."""
    voice = voice or voices()[0]
    kept = _kept(text, voice) if voice.engine == NATURAL and sample_rate_hz == SAMPLE_RATE_HZ else None
    if kept and (samples := _read_kept(kept)) is not None:
        return samples
    signal, rate_hz = _SPEAKERS[voice.engine](text, voice)
    loud = np.flatnonzero(np.abs(signal.astype(np.int32)) > 100)
    if len(loud) == 0:
        raise AudioError(f"{voice} gave no sound for '{text}'")
    margin = rate_hz // 50
    signal = signal[max(loud[0] - margin, 0) : loud[-1] + margin]
    samples = to_int16(resample(signal / 32768.0, rate_hz, sample_rate_hz))
    if kept:
        _keep(kept, samples)
    return samples


def _kept(text: str, voice: Voice) -> Path:
    """The file of an utterance in the user's cache."""
    text_name, voice_name = (hashlib.sha1(name.encode()).hexdigest()[:16] for name in (text, str(voice)))
    return cache_dir() / "speech" / kokoro.VERSION / text_name / f"{voice_name}.flac"


def _read_kept(path: Path) -> np.ndarray | None:
    import soundfile

    try:
        samples: np.ndarray = soundfile.read(str(path), dtype="int16")[0]
    except (OSError, RuntimeError):  # not there, or damaged
        return None
    return samples


def _keep(path: Path, samples: np.ndarray) -> None:
    import soundfile

    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=path.parent, suffix=".part")
    os.close(handle)
    try:
        soundfile.write(part, samples, SAMPLE_RATE_HZ, subtype="PCM_16", format="FLAC")
        os.replace(part, path)
    except BaseException:
        os.unlink(part)
        raise
