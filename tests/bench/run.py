# SPDX-License-Identifier: MIT
"""Measures on virtual boards and writes build/bench.json: [{"metric", "board", "value", "unit", "at_most"}, ...].

Every tests/bench/bench_*.py has measure(), which yields rows without at_most. Exits with 6 where a limit is missed.
Recordings for the accuracy: AUDIO, a folder with one folder a word.
"""

import importlib
import json
import pathlib
import sys

from limits import judge, limit
from rich import box
from rich.console import Console
from rich.table import Table

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/bench")]
GATE = 6


def table(rows: list[dict]) -> Table:
    """Fits into 80 columns: a metric's name ends in its unit."""
    found = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for name, justify in (("metric", "left"), ("board", "left"), ("measured", "right"), ("at most", "right")):
        found.add_column(name, justify=justify, overflow="fold")
    for line in rows:
        bound = line["at_most"]
        style = "" if bound is None else "green" if line["value"] <= bound else "red"
        found.add_row(
            line["metric"], line["board"], f"{line['value']:,}", "" if bound is None else f"{bound:,}", style=style
        )
    return found


def main() -> int:
    rows = []
    for file in sorted((ROOT / "tests/bench").glob("bench_*.py")):
        rows += importlib.import_module(file.stem).measure()
    rows = [line | {"at_most": limit(line["metric"], line["board"])} for line in rows]
    target = ROOT / "build/bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(rows, indent=1) + "\n")
    console = Console()
    console.print(table(rows))
    missed, unmeasured = judge(rows)
    for line in unmeasured:
        console.print(f"not measured: {line}" + ("; AUDIO=DIR gives recordings" if line.endswith("host") else ""))
    for line in missed:
        console.print(f"[red]missed:[/red] {line}")
    console.print(f"written to {target.relative_to(ROOT)}")
    return GATE if missed else 0


if __name__ == "__main__":
    sys.exit(main())
