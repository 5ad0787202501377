# SPDX-License-Identifier: MIT
"""A short `make soak`: everything that can happen happens, in a few simulated hours."""

import pytest
import soak
from life import DRIFT_LIMIT_US, same_event


@pytest.mark.long
def test_nothing_grows_gets_lost_or_drifts(tmp_path):
    figures = soak.soak(tmp_path, hours=1.0, seed=2, scene_s=180, say=print)
    text = soak.report(figures)
    assert figures.heard >= 3600 * 16000 and figures.events == figures.expected > 50, text
    assert figures.growth_bytes == 0 and figures.drift_us <= DRIFT_LIMIT_US, text
    assert figures.wraps > 20 and figures.lost > 0, text
    assert all(
        figures.did[what] for what in ("late readers", "microphone faults", "settings refused", "settings taken")
    )


def test_a_broken_limit_is_exit_code_6(monkeypatch, capsys):
    def broken(*_):
        raise soak.Broken("the heap has grown by 16 to 32 bytes in use")

    monkeypatch.setattr(soak, "soak", broken)
    monkeypatch.setattr("sys.argv", ["soak.py", "--days", "0.1"])
    assert soak.main() == 6
    assert capsys.readouterr().out == "broken: the heap has grown by 16 to 32 bytes in use\n"


@pytest.mark.parametrize(
    "told, expected", [(("a", 0.5, 0.032, -1), True), (("a", 0.5, 0.032, 8), False), (("b", 0.5, 0.032, 7), False)]
)
def test_events_are_compared(told, expected):
    assert same_event(told, ("a", 0.5, 0.032, 7)) == expected
