# SPDX-License-Identifier: MIT
"""Code blocks of README.md and docs/ that run on a board: here, on the virtual one."""

import pytest
from doc_blocks import ROOT, blocks
from liquid_audio_nets.board.machine import set_audio


@pytest.fixture(scope="module")
def reader(m4f, speech):
    """A board with the shipped models that the pages name, and a voice in front of its microphone."""
    m4f.send((ROOT / "device/models/computer.lnn").read_bytes(), "/models/computer.lnn")
    m4f.release()
    set_audio(m4f.board, speech[0])
    return m4f


@pytest.mark.parametrize("block", blocks("python", "on the board"), ids=str)
def test_python_runs_on_the_board(block, reader, tmp_path):
    script = tmp_path / "block.py"
    script.write_text(block.text)
    assert "Traceback" not in reader.mpremote("run", script)
