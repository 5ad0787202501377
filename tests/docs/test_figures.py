# SPDX-License-Identifier: MIT
"""The figures that docs/figures.py draws from what was measured."""

import json
import subprocess
import sys

from doc_blocks import ROOT


def measured(model: str, recall: float, **more) -> dict:
    curve = [{"threshold": t, "recall": 1 - t / 2, "false_accepts_per_hour": 9 - 9 * t} for t in (0.3, 0.9)]
    return {
        "model": model,
        "recall": {"as recorded": {"recall": recall}},
        "false_accepts_per_hour": 2,
        "curve": curve,
    } | more


def test_recall_against_false_accepts(tmp_path):
    """Drawn from any files of liquid-test --stream --json, also with a model whose word nobody recorded."""
    other = {"recall": {}, "false_accepts_per_hour": 0.4, "curve": []}
    for name, result in (
        ("one", measured("m/one.lnn", 0.9, against={"micro-wake-word:alexa": other})),
        ("two", measured("two.lnn", 0.5)),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(result))
    command = [
        sys.executable,
        ROOT / "docs/figures.py",
        tmp_path / "drawn",
        tmp_path / "one.json",
        tmp_path / "two.json",
    ]
    subprocess.run(command, check=True)
    text = (tmp_path / "drawn/recall-against-false-accepts.svg").read_text()
    assert all(f"<!-- {name} -->" in text for name in ("one.lnn", "two.lnn", "micro-wake-word:alexa, recall cited"))
    assert (tmp_path / "drawn/step-response.svg").exists()
