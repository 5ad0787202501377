# SPDX-License-Identifier: MIT
"""Augmented batches made once and kept on disk: every network is trained on the very same sounds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from ..data.batches import Batch
from ..data.word_batches import WordBatches

TYPES = {"log_mel": np.float16, "dt": np.float32, "closed_s": np.float32, "allowed": np.bool_, "weight": np.float32}


class Replay:
    """`count` batches of clips, `size` sequences each; made on first use.  replay.json is written last.

    TYPES are stored as (count, T, B, ...); log_mel in half precision, exact to 1/1000 of a neper at full scale."""

    def __init__(
        self,
        folder: Path,
        maker: WordBatches,
        count: int,
        size: int,
        seed: int = 1,
        progress: Callable[[int], None] = lambda done: None,
    ):
        self.folder, about = Path(folder), {"count": count, "size": size, "seed": seed}
        table = self.folder / "replay.json"
        if not table.exists() or json.loads(table.read_text()) != about:
            table.unlink(missing_ok=True)
            self._make(maker, count, size, seed, progress)
            table.write_text(json.dumps(about))
        self.stored = {name: np.load(self.folder / f"{name}.npy", mmap_mode="r") for name in TYPES}

    def _make(self, maker: WordBatches, count: int, size: int, seed: int, progress: Callable[[int], None]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        stored: dict[str, np.ndarray] = {}
        for i in range(count):
            batch = maker(size, seed * 10_000_000 + i)
            for name, kind in TYPES.items():
                values = getattr(batch, name).numpy()
                if name not in stored:
                    stored[name] = np.lib.format.open_memmap(
                        self.folder / f"{name}.npy", "w+", kind, (count, *values.shape)
                    )
                stored[name][i] = values
            progress(i + 1)

    def __len__(self) -> int:
        return len(self.stored["dt"])

    def batch(self, i: int) -> Batch:
        """Batch i with the timesteps of the engine's policy and of dt_augment, which only liquid networks are given."""
        log_mel, dt, closed_s, allowed, weight = (torch.from_numpy(np.array(self.stored[name][i])) for name in TYPES)
        carried = torch.zeros(dt.shape[1], dtype=torch.bool)
        return Batch(log_mel.float(), dt, closed_s, allowed, weight, carried, stream=False)

    def order(self, seed: int) -> np.ndarray:
        """The order in which a run of this seed takes the batches."""
        return np.random.default_rng(seed).permutation(len(self))


def every_tick(batch: Batch, tick_s: float) -> Batch:
    """The same sounds with a step at each tick."""
    return replace(batch, dt=torch.full_like(batch.dt, tick_s), closed_s=torch.zeros_like(batch.closed_s))
