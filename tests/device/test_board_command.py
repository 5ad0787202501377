# SPDX-License-Identifier: MIT
"""liquid-board: what it lists, starts and copies, and the sentence for each mistake."""

import io
import json

import numpy as np
import pytest
import soundfile
from liquid_audio_nets import board as boards
from liquid_audio_nets.cli import board as command
from liquid_audio_nets.cli import console
from rich.console import Console
from virtual_board import ROOT, liquid_board


def test_list():
    rows = json.loads(liquid_board("list", "--json").stdout)
    assert {row["board"] for row in rows} == {board.name for board in boards.all_boards()}


def test_80_columns_have_room_for_a_boards_name(monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr(console, "out", Console(file=screen, width=80))
    monkeypatch.setattr(boards, "running", lambda board: "/dev/pts/123")
    command.list_boards()
    lines = screen.getvalue().splitlines()
    for board in boards.all_boards():
        assert any(line.split()[:1] == [board.name] for line in lines), board.name
    assert sum("/dev/pts/123" in line for line in lines) > 5


@pytest.mark.parametrize(
    "words, code, sentence",
    [
        (["build", "nothing"], 2, "no board 'nothing'; there are"),
        (["start", "qemu_m4f", "--audio", "/no.wav"], 2, "/no.wav: no such file"),
        (["start", "qemu_m4f", "--audio", ROOT / "LICENSE"], 2, "LICENSE: not a readable sound file"),
        (["start", "nothing"], 2, "no board"),
        (["start", "qemu_m0"], 3, "qemu_m0 runs C without MicroPython, so it has no prompt: make bench"),
        (["start", "nucleo_f446re"], 3, "nucleo_f446re is not a virtual board: plug it in"),
        (["unknown"], 2, "No such command"),
    ],
)
def test_mistakes_are_one_sentence(words, code, sentence):
    done = liquid_board(*words)
    assert done.returncode == code and sentence in done.stderr and "Traceback" not in done.stderr


def test_any_sound_file_becomes_what_the_microphone_needs(tmp_path):
    time_s = np.arange(44100) / 44100
    stereo = np.stack([np.sin(2 * np.pi * 440 * time_s)] * 2, axis=1) / 4
    soundfile.write(tmp_path / "song.mp3", stereo, 44100)
    heard = soundfile.info(str(command.converted(tmp_path / "song.mp3", tmp_path / "board")))
    assert (heard.samplerate, heard.channels, heard.subtype) == (16000, 1, "PCM_16")
    assert abs(heard.duration - 1) < 0.1


def test_a_board_is_the_same_from_every_folder(tmp_path):
    here, there = (json.loads(liquid_board("list", "qemu_m4f", "--json", cwd=cwd).stdout) for cwd in (ROOT, tmp_path))
    assert here == there
    done = liquid_board("build", "qemu_m4f", cwd=tmp_path)
    assert done.stdout.strip() == str(ROOT / "build/firmware/qemu_m4f/firmware.elf"), done.stderr


def test_scripts_are_copied_and_changes_are_kept(tmp_path):
    assert liquid_board("scripts", "mine", cwd=tmp_path).stdout.strip() == "mine"
    copied = {str(file.relative_to(tmp_path / "mine")) for file in tmp_path.rglob("*.*")}
    assert {"kws.py", "wake.py", "models/keywords.lnn", "typings/liquid_audio.pyi"} <= copied
    (tmp_path / "mine/wake.py").unlink()
    (tmp_path / "mine/kws.py").write_text("mine")
    done = liquid_board("scripts", "mine", cwd=tmp_path)
    assert done.returncode == 2 and "mine/kws.py was changed" in done.stderr
    assert not (tmp_path / "mine/wake.py").exists()
