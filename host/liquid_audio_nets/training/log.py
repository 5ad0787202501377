"""The log of a run: log.csv, a row an epoch, and the same numbers as TensorBoard events."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

try:
    from tensorboardX import SummaryWriter
except ModuleNotFoundError:  # the CSV has all there is
    SummaryWriter = None


def read_log(path: Path) -> list[dict[str, str]]:
    """Rows of a log.csv, none where there is no file."""
    if not path.exists():
        return []
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


class RunLog:
    """Goes on with the log in `out`, from which rows after resumed_step are dropped: those epochs are run again."""

    def __init__(self, out: Path, resumed_step: int):
        self.path = out / "log.csv"
        rows = [row for row in read_log(self.path) if int(row["step"]) <= resumed_step]
        self.columns = list(rows[0]) if rows else []
        self.path.unlink(missing_ok=True)
        for row in rows:
            self._append(row)
        self.events = SummaryWriter(str(out / "tensorboard"), purge_step=resumed_step + 1) if SummaryWriter else None

    def add(self, values: dict[str, Any]) -> None:
        """values: numbers by name, "step" among them; the first row's names are the columns."""
        self.columns = self.columns or list(values)
        self._append({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in values.items()})
        if self.events:
            for name, value in values.items():
                if name != "step":
                    self.events.add_scalar(name.replace(" ", "_"), value, values["step"])
            self.events.flush()

    def _append(self, row: dict[str, Any]) -> None:
        new = not self.path.exists()
        with open(self.path, "a", newline="") as file:
            writer = csv.DictWriter(file, self.columns, extrasaction="ignore")
            if new:
                writer.writeheader()
            writer.writerow(row)
