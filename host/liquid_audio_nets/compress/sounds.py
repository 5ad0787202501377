# SPDX-License-Identifier: MIT
"""The sound on which a model is calibrated and checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..audio.dataset import Clip, scan
from ..audio.files import SAMPLE_RATE_HZ, AudioError
from ..audio.held_out import BOTH, HELD_OUT_FOLD, Recordings, scan_parts, with_held_out
from ..lnn import Model

CALIBRATION_CLIPS, CHECK_CLIPS = 600, 4000


@dataclass
class Sounds:
    """Clips, int16 (n,) each: calibration to fit on, check to measure on, tuning to train on.

    source: where they come from, for people.  truth: index of the label of each clip to measure on, int (clips,); None if
    it is unknown.  left_out: a sentence for each file that could not be read."""

    source: str
    calibration: list[np.ndarray]
    check: list[np.ndarray]
    truth: np.ndarray | None = None
    left_out: list[str] = field(default_factory=list)
    tuning: list[np.ndarray] = field(default_factory=list)


def from_folder(root: Path, model: Model, seed: int = 0, tuning_clips: int = 0) -> Sounds:
    """A folder with one folder per label: fits on the speakers of training, and measures on those of validation.

    Any other folder of sound files is cut into seconds, which have no truth.  If one part of the split is empty, all
    clips serve for both.  tuning_clips: so many clips of the speakers of training are to train on.  Raises AudioError if
    there is no sound.
    """
    if model.task == "anomaly":
        return _normal_sound(root, model)
    rng, labels = np.random.default_rng(seed), model.label_names
    try:
        if model.task == "sounds":
            dataset = scan_parts(root, labels, fold=model.metadata.get("held_out_fold", HELD_OUT_FOLD))
        else:
            dataset = scan(root, labels)
    except AudioError:
        return _flat_folder(root)
    parts: dict[str, list[Clip]] = {"training": [], "validation": []}
    for clip in dataset.clips:
        if clip.label == "_silence_":  # noise has no speaker
            parts["training"].append(clip)
            parts["validation"].append(clip)
        elif clip.split in parts:
            parts[clip.split].append(clip)
    learned, kept = (part or dataset.clips for part in parts.values())

    def read(clips: list[Clip], limit: int) -> list[tuple[Clip, np.ndarray]]:
        if len(clips) > limit:
            clips = [clips[i] for i in sorted(rng.choice(len(clips), limit, replace=False))]
        dataset.clips = clips
        return list(dataset.read())

    fit, check = read(learned, CALIBRATION_CLIPS), read(kept, CHECK_CLIPS)
    tuning = read(learned, tuning_clips) if tuning_clips else []
    if not fit or not check:
        raise AudioError(f"{root}: none of the clips could be read")
    truth = np.array([labels.index(clip.label) for clip, _ in check])
    return Sounds(
        str(root), [s for _, s in fit], [s for _, s in check], truth, list(dataset.unreadable), [s for _, s in tuning]
    )


def _normal_sound(root: Path, model: Model) -> Sounds:
    """For the task anomaly, cut into seconds: fits on what the model learned from, and measures on what was held out."""
    source = Recordings(root, fold=model.metadata.get("held_out_fold", HELD_OUT_FOLD))
    parts: dict[str, list[np.ndarray]] = {"training": [], "validation": []}
    for recording in with_held_out(source.read(".")):
        parts[recording.split] += _seconds(recording.samples)
    if not all(parts.values()):
        raise AudioError(f"{root}: no sound files; give the folder of normal sound")
    return Sounds(
        str(root), parts["training"][:CALIBRATION_CLIPS], parts["validation"][:CHECK_CLIPS], None, source.unreadable
    )


def _seconds(samples: np.ndarray) -> list[np.ndarray]:
    return [samples[at : at + SAMPLE_RATE_HZ] for at in range(0, len(samples), SAMPLE_RATE_HZ)]


def _flat_folder(root: Path) -> Sounds:
    source = Recordings(root, (*BOTH, "testing"))
    seconds = [second for recording in source.read(".") for second in _seconds(recording.samples)]
    if not seconds:
        raise AudioError(f"{root}: no sound files; give a folder of recordings, best one with a folder per word")
    return Sounds(str(root), seconds[:CALIBRATION_CLIPS], seconds[:CHECK_CLIPS], None, source.unreadable)


def synthetic(model: Model, seed: int = 0) -> Sounds:
    """Sound for a model without recordings: its golden audio, and voices, tones and noises at many levels."""
    rng, clips = np.random.default_rng(seed), []
    if model.golden is not None:
        clips.append(np.asarray(model.golden.audio))
    t = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    for level in 10.0 ** rng.uniform(-3, -0.3, 120):
        pitch = rng.uniform(80, 300) * np.exp(0.2 * np.sin(2 * np.pi * rng.uniform(0.5, 3) * t + rng.uniform(0, 6)))
        phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE_HZ
        order = np.arange(1, 26)
        formants = sum(np.exp(-(((order * pitch.mean() - f) / 250) ** 2)) for f in rng.uniform(250, 3500, 3))
        voice = ((formants + 0.03) / order**0.5) @ np.sin(np.outer(order, phase))
        noise = np.convolve(rng.normal(size=len(t)), rng.normal(size=8) * 0.6 ** np.arange(8), "same")
        shape = np.interp(t, np.linspace(0, 1, 9), rng.uniform(0, 1, 9) ** 2)
        mixed = shape * voice / np.abs(voice).max() + 0.3 * shape[::-1] * noise / np.abs(noise).max()
        clips.append(np.clip(mixed * level * 32767, -32768, 32767).astype(np.int16))
    return Sounds("synthetic sound", clips, clips)
