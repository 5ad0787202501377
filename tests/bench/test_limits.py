# SPDX-License-Identifier: MIT
"""The bench fails where a figure is missed, and says what was not measured."""

from bench_keywords import row
from limits import LIMITS, judge
from rich.console import Console
from run import table

KEPT = [row(metric, board, at_most, "") for (metric, board), at_most in LIMITS.items()]


def test_figures_at_their_limit_pass():
    assert judge([*KEPT, row("model_bytes", "anywhere", 40960, "bytes")]) == ([], [])


def test_a_missed_figure_is_named_with_its_limit():
    missed, _ = judge([*KEPT, row("second_of_speech_instructions", "qemu_m4f", 2_500_001, "instructions")])
    assert missed == ["second_of_speech_instructions on qemu_m4f is 2,500,001, at most 2,500,000 allowed"]
    assert judge([*KEPT, row("heap_growth_bytes_10000_blocks", "qemu_m7", 16, "bytes")])[0]


def test_what_was_not_measured_is_said():
    without = [line for line in KEPT if line["metric"] != "int8_accuracy_drop_points"]
    assert judge(without) == ([], ["int8_accuracy_drop_points on host"])


def test_names_are_whole_on_a_narrow_terminal(capsys):
    longest = row("float_second_of_silence_instructions", "qemu_cortex_m0", 12_343_210, "instructions")
    rows = [line | {"at_most": 40_960_000} for line in [*KEPT, longest]]
    Console(width=80).print(table(rows))
    said = capsys.readouterr().out
    assert all(f"{line['metric']} " in said for line in rows) and "12,343,210" in said
