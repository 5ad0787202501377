# SPDX-License-Identifier: MIT
"""Hard negatives: the places in training sound without a word at which the network of the last stage heard one."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

ENOUGH = 100  # with fewer of them their share is smaller in proportion, so that none is repeated too often
_SAME_BLOCKS = 100  # places of a clip that are so near to each other are one
_LEAST_WEIGHT = 0.1  # below which a place is forgotten


@dataclass
class HardNegatives:
    """place: int (n, 2), a clip of the store and the block of 10 ms in it at which a word was heard.  weight: (n,), 1 if it
    was heard at the end of the last stage; half of it after each further stage in which it was not."""

    place: np.ndarray = field(default_factory=lambda: np.zeros((0, 2), int))
    weight: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        self._until = np.cumsum(self.weight)

    def __len__(self) -> int:
        return len(self.place)

    @property
    def fill(self) -> float:
        """The part of their share of a batch that they fill, 0 to 1."""
        return min(float(self.weight.sum()) / ENOUGH, 1.0)

    def draw(self, rng: np.random.Generator) -> tuple[int, int]:
        """A clip and a block, by weight."""
        k = min(int(np.searchsorted(self._until, rng.random() * self._until[-1], "right")), len(self) - 1)
        return int(self.place[k, 0]), int(self.place[k, 1])

    def after(self, found: np.ndarray) -> HardNegatives:
        """Those of the next stage; found: int (n, 2), as in `place`."""
        known = {
            (int(clip), int(block) // _SAME_BLOCKS): (int(block), w / 2)
            for (clip, block), w in zip(self.place, self.weight, strict=True)
        }
        known |= {(int(clip), int(block) // _SAME_BLOCKS): (int(block), 1.0) for clip, block in found}
        kept = [(clip, block, w) for (clip, _), (block, w) in sorted(known.items()) if w >= _LEAST_WEIGHT]
        return self.of_table(np.array(kept).reshape(-1, 3))

    def table(self) -> np.ndarray:
        """float64 (n, 3): clip, block, weight."""
        return np.column_stack([self.place, self.weight]).astype(float)

    @classmethod
    def of_table(cls, table: np.ndarray) -> HardNegatives:
        """From what table() gave."""
        return cls(table[:, :2].astype(int), table[:, 2])
