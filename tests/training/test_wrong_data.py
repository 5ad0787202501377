# SPDX-License-Identifier: MIT
"""liquid-train with a --data that cannot be used: one sentence, and no folder that was not there."""

import pytest
from liquid_audio_nets.training.settings import recipe
from test_commands import command


@pytest.mark.parametrize("task", recipe.names())
@pytest.mark.parametrize("kind", ["missing", "empty", "text"])
def test_wrong_data_leave_no_folder(task, kind, tmp_path):
    data = tmp_path / "data [x]"
    if kind != "missing":
        data.mkdir()
    if kind == "text":
        for word in ("yes", "no", "computer"):
            (data / word).mkdir()
            (data / word / "a.wav").write_text("not a sound")
    options = ("--set", "data.synthetic=0") if task.startswith("keywords") else ()
    done = command("train", task, "--data", data, "--out", tmp_path / "run", *options, expect=2)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("error: ") and "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()
