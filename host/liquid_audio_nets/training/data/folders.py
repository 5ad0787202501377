"""Sounds of a task that names its folders: wake words, speech and noise, read with the split of their names."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterator, Sequence

import numpy as np

from ...audio.files import AudioError
from ...audio.held_out import Recordings, is_background, part_of_voice
from ...audio.speech import random_voice, say, voices
from .frame_store import Sound


@dataclass
class Group:
    """Folders whose sounds get one label and one source; a noise folder among them has the source `noise`."""

    source: str
    label: str
    folders: Sequence[str]
    required: bool = False


@dataclass
class FolderSources:
    """Sounds of groups of folders below root, then of `spoken`: (text, label, utterances) by speech programs.  Folders named
    `leave_out` are not read.

    Raises AudioError while it is read, when a required group has no sound."""

    root: Path
    groups: Sequence[Group]
    spoken: Sequence[tuple[str, str, int]] = ()
    leave_out: str = ""
    seed: int = 1
    report: Callable[[str], None] = lambda text: None
    unreadable: list[str] = field(default_factory=list)
    converted: int = 0

    def __iter__(self) -> Iterator[Sound]:
        taken: set[Path] = set()  # what an earlier group has, such as the word among other words, is not read again
        for group in self.groups:
            recordings, own = Recordings(Path(self.root)), set()
            for name in group.folders:
                self.report(f"{group.source}: {name}")
                for r in recordings.read(name):
                    left_out = self.leave_out in r.path.relative_to(self.root).parts
                    if r.split != "testing" and r.path not in taken and not left_out:
                        own.add(r.path)
                        source = "noise" if is_background(r.path) else group.source
                        yield Sound(r.samples, group.label, r.folder, source, r.split)
            self.unreadable += recordings.unreadable
            self.converted += recordings.converted
            taken |= own
            if group.required and not own:
                raise AudioError(
                    f"{self.root}: no sound files in {', '.join(group.folders)}; name the folders of "
                    f"{group.source} in the recipe's [data]"
                )
        if self.spoken:
            self.report("synthetic speech")
            yield from self._synthetic()

    def _synthetic(self) -> Iterator[Sound]:
        rng, choices = np.random.default_rng(self.seed), voices()
        for text, label, count in self.spoken:
            for _ in range(count):
                voice = random_voice(rng, choices)
                try:
                    yield Sound(say(text, voice), label, text, "synthetic", part_of_voice(voice))
                except AudioError as error:
                    self.unreadable.append(str(error))
