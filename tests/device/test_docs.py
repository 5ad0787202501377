# SPDX-License-Identifier: MIT
"""Code blocks of README.md and docs/ that run on a board: here, on the virtual one."""

import os
import shutil
import subprocess
import sys

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


def for_a_board(block):
    """The commands that name the port; the prompt is for people."""
    return [c for c in block.commands if "$PORT" in c and not c.endswith(" repl")]


@pytest.mark.parametrize("block", [b for b in blocks("console") if for_a_board(b)], ids=str)
def test_commands_for_a_board_run(block, reader, tmp_path):
    """On a board that is already running."""
    reader.release()
    (tmp_path / "device").symlink_to(ROOT / "device")
    shutil.copy(ROOT / "device/models/computer.lnn", tmp_path)
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    for command in for_a_board(block):
        done = subprocess.run(
            command,
            shell=True,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            env=os.environ | {"PATH": path, "PORT": reader.port},
        )
        assert done.returncode == 0 and "Traceback" not in done.stdout, f"{command}\n{done.stdout}{done.stderr}"
