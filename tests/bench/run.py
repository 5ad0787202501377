"""Measures on virtual boards and writes build/bench.json: [{"metric", "board", "value", "unit"}, ...].

Every tests/bench/bench_*.py has measure(), which yields such rows.
"""

import importlib
import json
import pathlib
import sys

from rich.console import Console
from rich.table import Table

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/bench")]


def main() -> None:
    rows = []
    for file in sorted((ROOT / "tests/bench").glob("bench_*.py")):
        rows += importlib.import_module(file.stem).measure()
    target = ROOT / "build/bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(rows, indent=1) + "\n")
    table = Table("metric", "board", "value", "unit")
    for row in rows:
        table.add_row(row["metric"], row["board"], f"{row['value']:,}", row["unit"])
    Console().print(table)
    Console().print(f"written to {target.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
