"""What tasks have in common whose data are named folders: the frame store, the network, and sound to calibrate on."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Callable

import numpy as np
import torch

from ...audio.files import SAMPLE_RATE_HZ, AudioError, remarks, write_wav
from ...audio.speech_in_noise import BLOCK_SAMPLES, block_power
from ...reference.frontend import FrontEnd
from ..data.batches import Batch
from ..data.folders import FolderSources
from ..data.frame_store import FrameStore
from ..data.schedule import Policy
from ..loop.report import Det
from ..loop.trainer import LNNTrainer
from ..settings.config import TrainerConfig
from ..settings.recipe import build

CALIBRATION_SECONDS = 300
SPLIT = (
    "by speaker where names tell (Speech Commands' rule, or `<speaker>_<n>`), ESC's fold 4, the last fifth of every "
    "background noise, of all other recordings one file in five by the hash of its name"
)


class FolderTask:
    """A task on a FrameStore of `sources()`; subclasses make the batches and measure."""

    name, metric, keep = "", "", "last"
    labels: tuple[str, ...]

    def __init__(
        self, recipe: dict[str, Any], data: Path | None, cache: Path, report: Callable[[str], None] = lambda text: None
    ):
        if data is None or not Path(data).is_dir():
            raise AudioError(
                f"{data or 'no data'}: no such folder; give --data DIR with the folders that the recipe names"
            )
        self.recipe, self.data, self.cache, self.report = recipe, Path(data), Path(cache), report
        self.policy = build(Policy, recipe["policy"])
        self.notes: dict[str, str] = {}
        self.det: Det | None = None

    def sources(self) -> FolderSources:
        raise NotImplementedError

    def batch(self, size: int, seed: int) -> Batch:
        raise NotImplementedError

    def prepare(self) -> None:
        """Opens the frame store, built on first use; raises AudioError for data that cannot be learned from."""
        if not FrameStore.exists(self.cache):
            sources = self.sources()
            FrameStore.build(self.cache, sources, FrontEnd())
            for line in remarks(sources.unreadable, sources.converted):
                self.report(line)
        self.store = FrameStore(self.cache)
        for label in self.labels:
            for split in ("training", "validation"):
                if not len(self.store.where(label=label, split=split)):
                    raise AudioError(
                        f"{self.data}: no {split} recording for '{label}'; add recordings or name more folders "
                        "in the recipe's [data]"
                    )

    def trainer(self) -> LNNTrainer:
        """A new one, features normalised on batches of training sound."""
        trainer = LNNTrainer(TrainerConfig.of_recipe(self.recipe, labels=self.labels))
        samples = [self.batch(self.recipe["train"]["batch"], 2**40 + i).log_mel.flatten(0, 1) for i in range(8)]
        trainer.normalise(torch.cat(samples).unsqueeze(0))
        return trainer

    def learned_from(self) -> dict[str, int]:
        """Training recordings by source."""
        return dict(Counter(self.store.source[self.store.split == "training"].tolist()))


def loudest_second(samples: np.ndarray) -> np.ndarray:
    """The second around the loudest 10 ms of int16 (n,): sound for golden vectors."""
    middle = int(block_power(samples).argmax()) * BLOCK_SAMPLES
    begin = max(min(middle - SAMPLE_RATE_HZ // 2, len(samples) - SAMPLE_RATE_HZ), 0)
    return samples[begin : begin + SAMPLE_RATE_HZ]


def write_calibration(folder: Path, clips: list[np.ndarray]) -> None:
    """Training sound, int16 (n,) each, as wav files for liquid-compress --calibrate."""
    folder.mkdir(parents=True, exist_ok=True)
    for k, samples in enumerate(clips):
        write_wav(folder / f"{k:04d}.wav", samples)
