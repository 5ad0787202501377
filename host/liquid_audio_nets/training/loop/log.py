# SPDX-License-Identifier: MIT
"""The log of a run: log.csv with one row per epoch, and the same numbers as TensorBoard events."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from ...lnn.whole_file import replacing

try:
    from tensorboardX import SummaryWriter
except ModuleNotFoundError:  # the CSV file has all numbers
    SummaryWriter = None


def read_log(path: Path) -> list[dict[str, str]]:
    """Rows of a log.csv; no rows if there is no file.  Rows that were cut off are left out."""
    if not path.exists():
        return []
    with open(path, newline="", errors="replace") as file:
        return [row for row in csv.DictReader(file) if row.get("step", "").isdigit() and None not in row.values()]


class RunLog:
    """Continues the log in the folder `out`.  Rows after resumed_step are dropped, because those epochs run again.

    The file is replaced as a whole, so an interruption leaves the previous version."""

    def __init__(self, out: Path, resumed_step: int):
        self.path = out / "log.csv"
        self.rows: list[dict[str, Any]] = [row for row in read_log(self.path) if int(row["step"]) <= resumed_step]
        self.events = SummaryWriter(str(out / "tensorboard"), purge_step=resumed_step + 1) if SummaryWriter else None

    def add(self, values: dict[str, Any]) -> None:
        """Adds a row.  values: numbers by name, including "step"; the names of the first row are the columns."""
        self.rows.append({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in values.items()})
        with replacing(self.path) as part, open(part, "w", newline="") as file:
            writer = csv.DictWriter(file, list(self.rows[0]), extrasaction="ignore")
            writer.writeheader()
            writer.writerows(self.rows)
        if self.events:
            for name, value in values.items():
                if name != "step":
                    self.events.add_scalar(name.replace(" ", "_"), value, values["step"])
            self.events.flush()
