# SPDX-License-Identifier: MIT
"""Folders of recordings as people have them, all seen as one layout: a folder for each word.

Understood besides Speech Commands' own layout (`<word>/<file>`, with `validation_list.txt` and `testing_list.txt`):
Hugging Face's audio folders (`train/`, `validation/` and `test/`, a label in `metadata.csv` or `metadata.jsonl`) and
Edge Impulse's exports (`training/yes.1k8ldn2j.wav`, the label before the first dot of a file's name).
"""

from __future__ import annotations

import csv
import json
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from .files import SUFFIXES, AudioError

NOISE_FOLDERS = ("_background_noise_", "_silence_")
SPLIT_FOLDERS = {
    name: split
    for split, names in {
        "training": ("train", "training"),
        "validation": ("validation", "valid", "val", "dev"),
        "testing": ("test", "testing"),
    }.items()
    for name in names
}
LISTS = {"validation_list.txt": "validation", "testing_list.txt": "testing"}
METADATA = ("metadata.csv", "metadata.jsonl")
_FILE_COLUMNS, _LABEL_COLUMNS = (
    ("file_name", "file", "path"),
    ("label", "word", "keyword", "command", "class", "category"),
)
_SPEAKER = re.compile(r"([A-Za-z]+)_\d+$")


@dataclass(frozen=True)
class Placed:
    """A sound file.

    place: where it would lie, relative to the root, if the root had a folder for each word.  split: 'training',
    'validation' or 'testing' if the layout says so, None if the file's name decides.  tested: the layout says which files
    are for testing, so that a name decides between training and validation alone.  alone: all names of the folder begin
    with the same `<prefix>_<number>`, which then says nothing of the speaker."""

    path: Path
    place: PurePath
    split: str | None = None
    tested: bool = False
    alone: bool = False

    @property
    def word(self) -> str:
        """The first folder of the place; empty for a file in the root itself."""
        return self.place.parts[0] if len(self.place.parts) > 1 else ""


def is_background(path: PurePath) -> bool:
    """Whether a file or folder is a folder of background noise, or lies in one."""
    return not set(NOISE_FOLDERS).isdisjoint(path.parts)


def speaker(stem: str) -> str | None:
    """`<speaker>_<number>` -> `<speaker>`; None for any other name without its suffix."""
    found = _SPEAKER.match(stem)
    return found[1] if found else None


def read_layout(root: str | Path) -> list[Placed]:
    """All sound files below root, sorted by folder and name; links to folders are followed.

    Raises AudioError if root is no folder, holds a data set as parquet files, or holds a metadata file that names no
    label for sounds without one."""
    root = Path(root)
    if not root.is_dir():
        raise AudioError(f"{root}: no such folder; give a folder with one folder per word")
    found, others = _walk(root)
    if not found and any(path.suffix == ".parquet" for path in others):
        raise AudioError(
            f"{root}: a data set as parquet files, which hold no sound files; save it as a Hugging Face audio folder, "
            "one folder per word"
        )
    placed = _split_folders([Placed(path, path.relative_to(root)) for path in found])
    placed = _labels_in_names(_metadata(placed, [path for path in others if path.name in METADATA]))
    placed = _lists(placed, [path for path in others if path.name in LISTS])
    prefixes: dict[PurePath, set[str | None]] = {}
    for file in placed:
        prefixes.setdefault(file.place.parent, set()).add(speaker(file.path.stem))
    alone = {folder for folder, names in prefixes.items() if len(names) == 1 and None not in names}
    placed = [replace(file, alone=True) if file.place.parent in alone else file for file in placed]
    return sorted(placed, key=lambda file: (file.place.parent.parts, file.place.name))


def words(files: list[Placed]) -> list[str]:
    """Names of the folders, as placed, that may hold a word, sorted."""
    return sorted({file.word for file in files if file.word and not is_background(file.place)})


def _walk(root: Path) -> tuple[list[Path], list[Path]]:
    """Sound files and all other files below root; a folder that is reached by two ways is read once."""
    sounds: list[Path] = []
    others: list[Path] = []
    seen: set[str] = set()
    for folder, below, names in os.walk(root, followlinks=True):
        below[:] = sorted(name for name in below if not name.startswith("."))
        real = os.path.realpath(folder)
        if real in seen:
            below.clear()
            continue
        seen.add(real)
        for name in names:
            if not name.startswith("."):
                (sounds if name.lower().endswith(SUFFIXES) else others).append(Path(folder) / name)
    return sounds, others


def _split_folders(files: list[Placed]) -> list[Placed]:
    """Without `train/` and its siblings, if there are no other folders than these and those of noise."""
    if {file.word for file in files} == {"data"}:  # as Hugging Face's repositories have it
        files = [replace(file, place=PurePath(*file.place.parts[1:])) for file in files]
    tops = {file.word for file in files if not is_background(PurePath(file.word))}
    splits = {SPLIT_FOLDERS.get(top.lower()) for top in tops}
    deep = any(len(file.place.parts) > 2 for file in files if file.word in tops)
    if None in splits or "training" not in splits or (len(splits) == 1 and not deep):
        return files
    stated = splits - {"testing"} if "validation" in splits else set()
    placed = []
    for file in files:
        split = SPLIT_FOLDERS.get(file.word.lower())
        if split:
            place = PurePath(*file.place.parts[1:])
            file = replace(file, place=place, split=split if split == "testing" or split in stated else None)
        placed.append(replace(file, tested="testing" in splits))
    return placed


def _metadata(files: list[Placed], tables: list[Path]) -> list[Placed]:
    """With the labels that metadata files give to the sounds that they name."""
    for table in tables:
        rows = _rows(table)
        named = {table.parent / str(row[column]): row for row in rows for column in _FILE_COLUMNS if row.get(column)}
        label = next((column for column in _LABEL_COLUMNS if rows and column in rows[0]), None)
        if label is None and any(file.path in named and not file.word for file in files):
            raise AudioError(
                f"{table}: no column names the label of a sound; there are {', '.join(map(str, rows[0]))}; "
                "call that column label"
            )
        if label:
            files = [
                replace(file, place=PurePath(str(named[file.path][label])) / file.path.name)
                if file.path in named
                else file
                for file in files
            ]
    return files


def _rows(table: Path) -> list[dict[str, Any]]:
    try:
        text = table.read_text(encoding="utf-8-sig")
        if table.suffix == ".csv":
            return list(csv.DictReader(text.splitlines()))
        return [row for row in map(json.loads, filter(str.strip, text.splitlines())) if isinstance(row, dict)]
    except (OSError, ValueError, csv.Error) as error:
        raise AudioError(f"{table}: cannot be read ({error}); mend or delete it") from None


def _labels_in_names(files: list[Placed]) -> list[Placed]:
    """If no sound lies in a folder of a word: the label is what stands before the first dot of each name that has two."""
    if words(files) or not all("." in file.path.stem for file in files if not file.word):
        return files
    return [
        file if file.word else replace(file, place=PurePath(file.path.name.split(".")[0]) / file.path.name)
        for file in files
    ]


def _lists(files: list[Placed], lists: list[Path]) -> list[Placed]:
    """With the splits that `validation_list.txt` and `testing_list.txt` state for the files below their folder."""
    for folder in sorted({path.parent for path in lists}):
        here = {LISTS[path.name]: path for path in lists if path.parent == folder}
        split_of = {
            (folder / line.strip()).with_suffix(""): split  # a copy may be encoded anew
            for split, path in here.items()
            for line in path.read_text(errors="replace").splitlines()
            if line.strip()
        }
        rest = "training" if "validation" in here else None
        files = [
            replace(file, split=split_of.get(file.path.with_suffix(""), rest), tested="testing" in here)
            if folder in file.path.parents and not is_background(file.place)
            else file
            for file in files
        ]
    return files
