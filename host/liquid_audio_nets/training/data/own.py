# SPDX-License-Identifier: MIT
"""Recordings of one's own of words that are otherwise learned from synthetic speech."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ...audio.files import SAMPLE_RATE_HZ, AudioError, resample, to_int16
from ...audio.held_out import BOTH, Recording, Recordings, part

SOURCE = "own"
HELD_OUT = 5  # one recording in so many, at least one
_SPEEDS = (0.88, 0.94, 1.0, 1.06, 1.13)  # each is also played slower and faster, as if other people had said it


def own_recordings(
    folder: Path, words: Sequence[str], data: Path, report: Callable[[str], None]
) -> list[tuple[str, Recording]]:
    """(word, recording) of all sound files of a folder with a folder per word, or of one word alone.

    Files are held out as those of any data are, by speaker or by name; if that leaves nothing to learn from or nothing to
    measure, one file in HELD_OUT is held out.  report takes a line for each file that cannot be read.

    Raises AudioError if there is no word, if a word has fewer than two recordings, or if the folder lies below `data`, where
    recordings of the words only measure."""
    if not words:
        raise AudioError(f"{folder}: recordings of your own join the words of --say; name the word with --say")
    if folder.resolve().is_relative_to(data.resolve()):
        raise AudioError(
            f"{folder} lies in {data}, where recordings of a word of --say only measure it; move it to another place"
        )
    reader, found = Recordings(folder, BOTH), list[tuple[str, Recording]]()
    for word in words:
        files = [file for file in reader.files if file.word == word]
        if not files and len(words) == 1:
            files = reader.files
        for file, samples in zip(files, reader.all_samples(file.path for file in files), strict=True):
            if samples is not None and len(samples):
                found.append((word, Recording(samples, file.path, part(file), file.place)))
    for line in reader.remarks():
        report(line)
    here = [word for word in words if any(name == word for name, _ in found)] or words[:1]
    return [pair for word in here for pair in _split(word, [r for name, r in found if name == word], folder)]


def _split(word: str, recordings: list[Recording], folder: Path) -> list[tuple[str, Recording]]:
    if len(recordings) < 2:
        count = f"{len(recordings)} recording{'s' * (len(recordings) != 1)} of '{word}'"
        raise AudioError(
            f"{folder}: {count}; at least 2 are needed and 10 are better, because some are held out to measure"
        )
    if not set(BOTH) <= {r.split for r in recordings}:
        order = sorted(recordings, key=lambda r: hashlib.sha1(r.path.name.encode()).digest())
        held_out = -(-len(order) // HELD_OUT)
        recordings = [replace(r, split=BOTH[k < held_out]) for k, r in enumerate(order)]
    return [(word, r) for r in recordings if r.split in BOTH]


def spread(recording: Recording) -> Iterator[Recording]:
    """A recording that is learned from also slower and faster, which lowers and raises its voice; a held-out one as it is."""
    for speed in _SPEEDS if recording.split == "training" else (1.0,):
        samples = to_int16(resample(recording.samples / 32768.0, round(SAMPLE_RATE_HZ * speed), SAMPLE_RATE_HZ))
        yield replace(recording, samples=samples)
