# SPDX-License-Identifier: MIT
"""The values that settings may have.  Others are refused before any data are read."""

from __future__ import annotations

import math
import re
from typing import Any

from ...audio.speech import ACCENTS, ENGINES
from ...lnn.layout import LEAST as LEAST_LIMITS
from ...lnn.layout import LIMITS, RANGES

LEAST = {
    "epochs": 1,
    "epoch_steps": 1,
    "batch": 2,
    "threads": 1,
    "seeds": 1,
    "every": 1,
    "tick_blocks": 1,
    "input_dim": 1,
    "hidden_dim": 1,
    "output_dim": 1,
    "total_steps": 1,
    "release_growth": 1,
    "speed": 0.25,
    "clip_s": 0.1,
    "stream_s": 0.3,
    "length_s": 0.3,
    "stretch_s": 0.3,
    "stretch_rows": 2,
    "longest_hop_s": 0.02,
    "distill_temperature": 0.1,
    "generate_days": 1,
    "horizon_s": 1e-3,
}
MOST = {
    "hidden_dim": LIMITS["cell_units"],
    "tick_blocks": 100,
    "speed": 4,
    "smoothing_s": RANGES["readout"]["smoothing_s"].magnitude,
    "clip_s": 10,
    "stream_s": 60,
    "length_s": 60,
    "stretch_s": 60,
    "shift_s": 1,
    "longest_hop_s": 1,
    "learning_rate": 10,
    "learning_rates": 10,
    "seeds": 64,
    "every": RANGES["rhythm"]["every"].magnitude,
    "mask_channels": 40,
    "seed": 2**31 - 1,
}
SHARES = (
    "share",
    "label_smoothing",
    "ema_decay",
    "dt_augment",
    "distill_weight",
    "prune_begin",
    "prune_end",
    "threshold",
    "recall",
    "dropout",
)
LENGTHS = {"hidden_dim": (0, LIMITS["cells"]), "labels": (0, LIMITS["labels"]), "tick_blocks": (1, 1000)}
_ONCE = {"labels": "word", "say": "word", "voices": "voice", "languages": "language", "learning_rates": "rate"}
PAIRS = ("speed", "gain_db", "snr_db", "pause_s", "level_db", "ratio_db")


def complaint(name: str, value: Any) -> str | None:
    """What is wrong with the value of a setting, in whatever table it stands; None if nothing is."""
    if isinstance(value, list):
        return _of_list(name, value)
    if isinstance(value, str) and name == "grid":
        return _of_grid(value)
    if isinstance(value, str) and name in ("labels", "say"):
        return _of_label(value)
    if isinstance(value, str) and name == "voices" and value not in ENGINES:
        return f"there is no '{value}', only {', '.join(ENGINES)}"
    if isinstance(value, str) and name == "languages" and (value == "en" or value not in ACCENTS):
        return f"there is no '{value}', only {', '.join(sorted(set(ACCENTS) - {'en'}))}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if not math.isfinite(value):
        return "give a finite number"
    least = -math.inf if name.endswith("_db") else LEAST.get(name, 0)
    most = 1 if name.endswith("_share") or name in SHARES else MOST.get(name, math.inf)
    if value < least:
        return f"at least {least} is needed"
    return f"at most {most} is possible" if value > most else None


def _of_list(name: str, values: list[Any]) -> str | None:
    for value in values:
        if found := complaint(name, value):
            return found
    least, most = LENGTHS.get(name, (0, math.inf))
    if not least <= len(values) <= most:
        return f"give {least} to {most} of them"
    if name in _ONCE and len(set(values)) < len(values):
        return f"give every {_ONCE[name]} once"
    if name in PAIRS and not (len(values) == 2 and values[0] <= values[1]):
        return "give a range, the lower number first"
    return None


def grid_sizes(grid: str) -> tuple[int, int, int] | None:
    """Width, stride and filters of a liquid grid such as "8x4x8"; None if it is no such text."""
    found = re.fullmatch(r"(\d{1,3})x(\d{1,3})x(\d{1,3})", grid)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _of_grid(grid: str) -> str | None:
    sizes = grid_sizes(grid)
    if grid and not sizes:
        return "give width x stride x filters, such as 8x4x8, or nothing"
    if not sizes:
        return None
    width, stride, filters = sizes
    if not 1 <= stride <= width <= LIMITS["mels"]:
        return f"a width of 1 to {LIMITS['mels']} channels and a stride of 1 to the width are possible"
    least, most = LEAST_LIMITS["grid_filters"], LIMITS["grid_filters"]
    if not least <= filters <= most or filters % 2:
        return f"an even number of {least} to {most} filters is possible"
    return None


def _of_label(label: str) -> str | None:
    size, room = len(label.encode()), LIMITS["label_name_bytes"] - 1
    if not label.strip() or not label.isprintable() or "/" in label:
        return "a label is a word"
    return f"'{label}' has {size} bytes, {room} fit" if size > room else None
