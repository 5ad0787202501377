# SPDX-License-Identifier: MIT
"""Tables of numbers with time stamps as CSV files; rows may be missing and need not be evenly spaced."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ..errors import LiquidError


class SeriesError(LiquidError, ValueError):
    """A table cannot be used; the message names the line or column and says what to do."""


@dataclass
class Rows:
    """names: of the columns; time_s: float64 (n,), ascending; values: float32 (n, columns)."""

    names: tuple[str, ...]
    time_s: np.ndarray
    values: np.ndarray
    left_out: int = 0
    """Rows of the file that have an empty cell and therefore count as missing."""

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def interval_s(self) -> float:
        """The usual time between two rows: the median."""
        return float(np.median(np.diff(self.time_s)))

    def __getitem__(self, part: slice | np.ndarray) -> Rows:
        return Rows(self.names, self.time_s[part], self.values[part])


def read_rows(path: str | Path, time_column: str = "time_s", columns: Sequence[str] = ()) -> Rows:
    """Reads a CSV file whose first line names the columns.

    Time stamps are seconds, or dates and times as in ISO 8601 (UTC if no zone is given).  columns: the columns to read, by
    default all others in the order of the file.  Rows with an empty cell are left out and counted.
    Raises SeriesError for a file that cannot be read, columns that are missing or named twice, cells that are no number,
    and time stamps that do not increase."""
    path = Path(path)
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            lines = csv.reader(file)
            header = [name.strip() for name in next(lines, [])]
            wanted = _wanted(path, header, time_column, columns)
            cells = [(lines.line_num, line) for line in lines if any(cell.strip() for cell in line)]
    except OSError as error:
        raise SeriesError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise SeriesError(f"{path}: not a CSV file in UTF-8 ({error})") from None
    names = [name for name in wanted if name != time_column]
    at, left_out = [header.index(name) for name in wanted], 0
    times: list[float] = []
    values: list[list[float]] = []
    for number, line in cells:
        if len(line) != len(header):
            raise SeriesError(
                f"{path}, line {number}: {len(line)} cells, but the first line names {len(header)} columns"
            )
        picked = [line[i].strip() for i in at]
        if not all(picked):
            left_out += 1
            continue
        time_s, *row = [
            _number(path, number, name, cell, name == time_column) for name, cell in zip(wanted, picked, strict=True)
        ]
        if times and time_s <= times[-1]:
            raise SeriesError(
                f"{path}, line {number}: time stands still or goes backwards; sort the rows by '{time_column}'"
            )
        times.append(time_s)
        values.append(row)
    if len(times) < 2:
        raise SeriesError(f"{path}: {len(times)} complete rows; a series needs at least 2")
    return Rows(tuple(names), np.array(times), np.array(values, np.float32), left_out)


def write_rows(path: str | Path, rows: Rows, time_column: str = "time_s") -> None:
    """Writes the table as CSV with time stamps in seconds."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow([time_column, *rows.names])
        out.writerows(
            [f"{time_s:.3f}".rstrip("0").rstrip("."), *(f"{x:.6g}" for x in row)]
            for time_s, row in zip(rows.time_s, rows.values, strict=True)
        )


def _wanted(path: Path, header: list[str], time_column: str, columns: Sequence[str]) -> list[str]:
    """The time column, then the columns asked for."""
    for name in (time_column, *columns):
        if name not in header:
            raise SeriesError(f"{path}: no column '{name}'; the first line names {', '.join(header) or 'nothing'}")
    twice = [
        name
        for name in dict.fromkeys(header)
        if header.count(name) > 1 and (not columns or name in (time_column, *columns))
    ]
    if twice:
        raise SeriesError(f"{path}: two columns are named '{twice[0]}'; give every column a name of its own")
    names = list(columns) or [name for name in header if name != time_column]
    if not names:
        raise SeriesError(f"{path}: there are only time stamps; add a column of numbers")
    return [time_column, *names]


def _number(path: Path, line: int, name: str, cell: str, is_time: bool) -> float:
    try:
        value = float(cell)
        if np.isfinite(value):
            return value
    except ValueError:
        if is_time:
            try:
                stamp = datetime.fromisoformat(cell)
                return (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()
            except ValueError:
                pass
    kind = "neither seconds nor a date and time" if is_time else "not a number"
    raise SeriesError(f"{path}, line {line}: '{cell}' in column '{name}' is {kind}")
