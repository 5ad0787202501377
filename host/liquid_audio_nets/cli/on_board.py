# SPDX-License-Identifier: MIT
"""The part of liquid-test that runs clips on a board."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..audio.dataset import Dataset
from ..testing import HILTester, Results, spread
from . import console


def run_on_board(tester: HILTester, dataset: Dataset, clips: int) -> Results:
    """Plays so many of the clips on the board, with latency, and with power if a meter is named."""
    some = spread(dataset, clips)
    with console.progress_bar() as bar:
        task = bar.add_task("clips on the board", total=len(some))
        return tester.run(some, tester.meter is not None, True, lambda: bar.advance(task))


def as_json(results: Results) -> dict[str, Any]:
    """What liquid-test prints under "device"."""
    return {"device": results.as_json()}


def finish(results: Results, junit: Path | None) -> None:
    """Writes the JUnit file.  Raises CommandError with exit code 5 if the board computed something else than the host."""
    if junit:
        results.save_junit(junit)
    if not results.bit_equal:
        wrong = [clip.path for clip in results.clips if not clip.same]
        raise console.CommandError(
            f"the board computed something else than the host in {len(wrong)} of {len(results.clips)} clips, such as "
            f"{wrong[0]}: build its firmware again from the version of this package, and report it if that does not help",
            console.Exit.VERIFICATION,
        )
