# SPDX-License-Identifier: MIT
"""What all tasks share: the frame store, the network, the metadata of the file, and golden vectors that open its gate."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ... import lnn
from ...audio.dataset import UNKNOWN
from ...audio.files import SAMPLE_RATE_HZ, AudioError, write_wav
from ...audio.held_out import BOTH
from ...audio.speech import ENGINES, NATURAL, engines
from ...audio.speech_in_noise import BLOCK_SAMPLES, block_power
from ...native import add_golden
from ...reference.frontend import FrontEnd
from ..data.frame_store import FrameStore
from ..data.hard_negatives import HardNegatives
from ..data.own import own_recordings
from ..data.schedule import Policy
from ..data.sources import MADE_NOISE, Group, Sources, other_languages
from ..data.word_batches import WordBatches
from ..loop.card import Facts
from ..loop.listening import WAKES, listen, without_words
from ..loop.provenance import provenance
from ..loop.report import Det
from ..loop.run import Task
from ..loop.trainer import LNNTrainer
from ..nets.registry import WINDOWED
from ..settings.config import TrainerConfig
from ..settings.recipe import build

CALIBRATION_SECONDS = 300
GOLDEN_TRIES = 30
SPLIT = (
    "by speaker if names tell (Speech Commands' rule, or `<speaker>_<n>`), as folders or lists of the data say, ESC's fold 4, "
    "the last fifth of every background noise, of all other recordings one file in five by the hash of its name"
)


class BaseTask(Task):
    """A task on a user's data.  name: as the recipe calls it; metric: what the score is; keep: the checkpoint that is
    exported, "best", or "last" if choosing by the score would be peeking.

    report takes a line for the user; progress takes the sounds that are prepared and how many there are."""

    name, metric, keep = "", "", "last"
    golden_s = 1.0
    wants = "a folder with the folders that the recipe names"
    labels: tuple[str, ...]
    data: Path

    def __init__(
        self,
        recipe: dict[str, Any],
        data: Path | None,
        cache: Path,
        report: Callable[[str], None] = lambda text: None,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ):
        self.recipe, self.cache, self.report, self.progress = recipe, Path(cache), report, progress
        self.notes: dict[str, str] = {}
        self.missed: list[str] = []  # goals that the exported network does not reach
        self.det: Det | None = None
        self.take(data)

    def take(self, data: Path | None) -> None:
        """Takes the user's data.  Raises AudioError if there is no such folder."""
        if data is None or not Path(data).is_dir():
            raise AudioError(f"{data or 'no data'}: no such folder; give --data DIR, {self.wants}")
        self.data = Path(data)

    def next_stage(self, trainer: LNNTrainer) -> None:
        """Nothing: every stage learns from the same sounds."""

    def go_on(self, trainer: LNNTrainer) -> None:
        """Nothing is kept from stage to stage."""

    def licence(self) -> str:
        """What the file and the card say of the weights and the data."""
        return str(self.recipe["data"]["licence"])

    def metadata(self, trainer: LNNTrainer, **own: Any) -> dict[str, Any]:
        """What the file says of its making; own: what only this task has to say."""
        return {"licence": self.licence(), "data": self.data.resolve().name} | trainer.metadata() | own

    def save(self, model: lnn.Model, path: Path, sounds: Iterable[np.ndarray] | None = None) -> Path:
        """Writes a model and returns its path.

        sounds: int16 (n,) each; the loudest part of the first one that opens the gate gives the golden vectors.  If none
        does, the model is written without them, because a finished training must not be lost."""
        if sounds is not None:
            finished = self._golden(model, sounds)
            if finished is None:
                self.report(
                    f"{path.name} has no golden vectors, so selftest() cannot check it: no recording opens the energy "
                    "gate; give louder recordings or lower policy.energy_threshold"
                )
            model = finished or model
        path.parent.mkdir(parents=True, exist_ok=True)
        lnn.save(model, path)
        return path

    def _golden(self, model: lnn.Model, sounds: Iterable[np.ndarray]) -> lnn.Model | None:
        try:
            for samples in islice(sounds, GOLDEN_TRIES):
                try:
                    return add_golden(model, loudest(samples, self.golden_s))
                except lnn.LnnError as error:
                    if error.name != "NO_GOLDEN":
                        raise
        except AudioError as error:
            self.report(str(error))
        return None


class FolderTask(BaseTask):
    """A task on a FrameStore of `sources()`; subclasses make the batches and measure."""

    normalising_batches = 8
    training: Callable[[int, int], Any]

    def __init__(self, *arguments: Any, **named: Any):
        super().__init__(*arguments, **named)
        self.policy = build(Policy, self.recipe["policy"])

    def sources(self, splits: Sequence[str] = BOTH) -> Sources:
        """What is learned from and measured on.  Raises AudioError for data that cannot be learned from."""
        raise NotImplementedError

    def batch(self, size: int, seed: int) -> Any:
        """A batch, the same for the same seed."""
        return self.training(size, seed)

    def prepare(self) -> None:
        """Opens the frame store, built on first use; raises AudioError for data that cannot be learned from.

        Synthetic speech is kept beside it until it is built, so that an interrupted preparation goes on."""
        if not FrameStore.exists(self.cache):
            sources = self.sources()
            sources.kept = self.cache.with_name(f"{self.cache.name}-speech")
            sources.report, sources.progress = self.report, self.progress
            try:
                FrameStore.build(self.cache, sources, FrontEnd())
            finally:
                for line in sources.remarks():
                    self.report(line)
            shutil.rmtree(sources.kept, ignore_errors=True)
        self.store = FrameStore(self.cache)
        self.check()

    def check(self) -> None:
        """Raises AudioError for a label with too few clips."""
        for label in self.labels:
            learned, held_out = (len(self.store.where(label=label, split=split)) for split in BOTH)
            if learned < 1 or held_out < 1:
                raise AudioError(
                    f"{self.data}: '{label}' has {learned} recordings to learn from and {held_out} held out; at least 1 "
                    "of each is needed: add recordings or name more folders in the recipe's [data]"
                )

    def trainer(self) -> LNNTrainer:
        """A new one, features normalised on batches of training sound."""
        trainer = LNNTrainer(TrainerConfig.of_recipe(self.recipe, labels=self.labels))
        size = self.recipe["train"]["batch"]
        heard = [self.batch(size, 2**40 + i).log_mel.flatten(0, 1) for i in range(self.normalising_batches)]
        trainer.normalise(torch.cat(heard).unsqueeze(0))
        return trainer

    def golden_sounds(self) -> Iterator[np.ndarray]:
        """Training sounds of labels that can be detected, int16 (n,) each."""
        return (s.samples for s in self.sources(("training",)) if not s.label.startswith("_"))

    def learned_from(self) -> dict[str, int]:
        """Training recordings by source."""
        return dict(Counter(self.store.source[self.store.split == "training"].tolist()))

    def facts_of(self, data: str, split: str, clips: dict[str, int] | None = None) -> Facts:
        """For the card; clips: what was learned from, by default training recordings by source."""
        clips = self.learned_from() if clips is None else clips
        return Facts(data, self.licence(), split, clips, self.notes, self.det, self.missed)


MORE_VOICES = f"let it hear them with --voices {','.join(ENGINES)}"


class WordTask(FolderTask):
    """A task of words, which synthetic voices say, too.

    After each epoch the network listens to all training sound without a word; what it takes for one is a kind of other
    sounds of its own in the next epoch, `mixture.unknown_kinds.hard`.

    said: words that are learned from synthetic speech alone.  own: their recordings in the recipe's data.recordings, with
    their labels; raises AudioError as data.own.own_recordings() does."""

    training: WordBatches

    def __init__(self, *arguments: Any, **named: Any):
        super().__init__(*arguments, **named)
        settings = self.recipe["data"]
        self.voices: list[str] = settings["voices"]
        self.said: list[str] = settings["say"]
        folder = settings["recordings"]
        self.own = own_recordings(Path(folder), self.said, self.data, self.report) if folder else []
        if self.said and NATURAL not in self.voices:
            self.report(
                f"{', '.join(self.said)}: people are heard worse if no natural voice spoke to the network; {MORE_VOICES}"
            )

    def next_stage(self, trainer: LNNTrainer) -> None:
        """Listens, and draws from what was taken for a word from now on."""
        chooser, clips = self.training.chooser, without_words(self.store, self.labels)
        wanted = self.recipe["mixture"]["unknown_kinds"]["hard"] and UNKNOWN in self.labels and len(clips)
        if not wanted or trainer.net.config.cell_kind in WINDOWED:
            return
        heard = listen(trainer.average, self.store, clips, self.policy, trainer.config.seed + trainer.step, WAKES)
        chooser.take(chooser.hard.after(heard.place))
        trainer.kept["hard"] = torch.from_numpy(chooser.hard.table())
        self.report(
            f"listened to {heard.hours:.1f} h of training sound without a word: {len(heard.place)} places were taken for one; "
            f"the next epoch learns from {len(chooser.hard)}"
        )

    def go_on(self, trainer: LNNTrainer) -> None:
        """Takes the hard negatives of the last stage."""
        if "hard" in trainer.kept:
            table = trainer.kept["hard"].numpy()
            here = np.isin(table[:, 0], without_words(self.store, self.labels))  # the data may have changed
            self.training.chooser.take(HardNegatives.of_table(table[here]))

    def foreign(self) -> list[str]:
        """Sentences in the other languages of the recipe."""
        return [text for language in self.recipe["data"]["languages"] for text in other_languages()[language]]

    def own_note(self) -> str:
        """What the card says of them, after "learned from synthetic speech"."""
        learned = sum(r.split == "training" for _, r in self.own)
        return f" and {learned} recordings of its user's own" if learned else " alone, from no recording"

    def groups(self) -> list[Group]:
        """The folders that it learns from."""
        raise NotImplementedError

    def provenance_of(self, spoken: bool) -> tuple[str, str]:
        """What provenance() says of the groups, and of the voices if they spoke."""
        folders = [folder for group in self.groups() for folder in group.folders]
        return provenance(self.data, engines(self.voices) if spoken else (), folders)

    def sources_of(self, said: Sequence[tuple[str, str, int]], splits: Sequence[str]) -> Sources:
        """What every task of words learns from: its groups of folders, said: (text, label, utterances) by the voices, recordings
        of one's own, clipped and coded copies, and steady noise."""
        return Sources(
            self.data,
            self.groups(),
            said,
            splits,
            made_noise=MADE_NOISE,
            clipped_share=self.recipe["data"]["clipped_share"],
            codec_share=self.recipe["data"]["codec_share"],
            by=self.voices,
            own=self.own,
        )


def loudest(samples: np.ndarray, seconds: float) -> np.ndarray:
    """So many seconds of int16 (n,) around its loudest 10 ms; all of it if it is shorter."""
    length, power = round(seconds * SAMPLE_RATE_HZ), block_power(samples)
    middle = int(power.argmax()) * BLOCK_SAMPLES if len(power) else 0
    begin = max(min(middle - length // 2, len(samples) - length), 0)
    return samples[begin : begin + length]


def write_calibration(folder: Path, clips: Iterator[np.ndarray]) -> None:
    """Training sound for liquid-compress --calibrate: of endless clips, int16 (n,) each, as many wav files as make
    CALIBRATION_SECONDS."""
    folder.mkdir(parents=True, exist_ok=True)
    seconds, k = 0.0, 0
    while seconds < CALIBRATION_SECONDS:
        samples = next(clips)
        write_wav(folder / f"{k:04d}.wav", samples)
        seconds, k = seconds + len(samples) / SAMPLE_RATE_HZ, k + 1
