# SPDX-License-Identifier: MIT
"""The clips of a run: a folder, or a data set by its name."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ..audio.dataset import Clip, Dataset
from ..audio.files import AudioError
from ..evaluation import labelled_clips
from ..user_files import cache_dir

FOLDERS = {"google_speech_commands": ("google_speech_commands", "speech_commands", "speech_commands_v0.02")}
SOURCE = "http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz"
DATA_VARIABLE = "LIQUID_DATA"


def folder_of(dataset: str | os.PathLike[str]) -> Path:
    """The folder of a data set: the folder itself, or for a name of FOLDERS the first of its folders in the current folder,
    in the one that LIQUID_DATA names, and in the user's cache.

    Raises AudioError if it is nowhere."""
    here = Path(dataset)
    if here.is_dir():
        return here
    if str(dataset) not in FOLDERS:
        raise AudioError(f"{dataset}: no such folder; give one with a folder per word, or {' or '.join(FOLDERS)}")
    named = os.environ.get(DATA_VARIABLE)
    places = [Path(), *([Path(named)] if named else []), cache_dir()]
    for place in places:
        for name in FOLDERS[str(dataset)]:
            if (place / name).is_dir():
                return place / name
    looked = ", ".join(str(place.resolve()) for place in places)
    raise AudioError(
        f"the data set {dataset} is missing (looked in {looked}): unpack {SOURCE} and name its folder as the data set, or "
        f"the folder around it in {DATA_VARIABLE}"
    )


def chosen(model: bytes, labels: tuple[str, ...], folder: Path, clips: int, split: str | None) -> Dataset:
    """At most so many clips of the folder.  split: None takes the testing clips, or if there are none those for validation,
    or all of them.  Raises AudioError if there are none."""
    if split is not None:
        return spread(labelled_clips(model, folder, labels, split), clips)
    for part in ("testing", "validation"):
        try:
            return spread(labelled_clips(model, folder, labels, part), clips)
        except AudioError:
            continue
    return spread(labelled_clips(model, folder, labels, "all"), clips)


def spread(dataset: Dataset, clips: int) -> Dataset:
    """At most so many clips, spread evenly over the labels of the dataset; always the same ones."""
    by_label: dict[str, list[Clip]] = {}
    for clip in dataset.clips:
        by_label.setdefault(clip.label, []).append(clip)
    share = -(-clips // max(len(by_label), 1))
    rng, chosen = np.random.default_rng(0), []
    for found in by_label.values():
        chosen += [found[i] for i in rng.permutation(len(found))[:share]]
    order = {id(clip): i for i, clip in enumerate(dataset.clips)}
    picked = sorted(rng.permutation(len(chosen))[:clips].tolist())
    return Dataset(dataset.root, dataset.labels, sorted((chosen[i] for i in picked), key=lambda c: order[id(c)]))
