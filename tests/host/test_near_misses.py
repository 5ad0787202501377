# SPDX-License-Identifier: MIT
"""Near-misses of a board: fetched once, and counted as what their folder says in every split."""

import numpy as np
import pytest
import soundfile
import tiny_recordings
from liquid_audio_nets.audio.held_out import NEAR_MISSES
from liquid_audio_nets.cli import tune as command_module
from liquid_audio_nets.evaluation import fetch
from liquid_audio_nets.evaluation.streams import Sounds
from liquid_audio_nets.link import LinkError, RemoteError, receive
from liquid_audio_nets.lnn import save
from local_board import LocalBoard
from small_model import babble, small_model
from test_commands import command


class Board(LocalBoard):
    """A board whose files lie in a folder; lose: removes a line from what it prints."""

    def __init__(self, root, lose=False):
        super().__init__()
        self.root, self.lose = root, lose

    def exec(self, code: str) -> str:
        printed = super().exec(code.replace(f"'/{NEAR_MISSES}", f"'{self.root}/{NEAR_MISSES}"))
        return "\n".join(printed.splitlines()[:-1]) if self.lose and len(printed) > 1000 else printed


@pytest.fixture
def board(tmp_path):
    """With three near-misses, named as the script on the board names them."""
    folder = tmp_path / "board" / NEAR_MISSES
    folder.mkdir(parents=True)
    for k in range(3):
        soundfile.write(folder / f"{k}_computer_{600 + k}.wav", babble(24000, k), 16000)
    return Board(tmp_path / "board")


@pytest.fixture
def recordings(tmp_path):
    return tiny_recordings.make(tmp_path / "data", count=3)


def test_near_misses_are_fetched_once(board, recordings):
    seen = []
    new = fetch(board, recordings, lambda done, of: seen.append((done, of)))
    assert [path.name.rpartition("_")[0] for path in new] == ["computer_600", "computer_601", "computer_602"]
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert np.array_equal(soundfile.read(new[1], dtype="int16")[0], babble(24000, 1))
    said = recordings / NEAR_MISSES / "computer"
    said.mkdir()
    new[0].rename(said / new[0].name)  # moved by a person who listened to it
    assert fetch(board, recordings) == []


def test_near_misses_belong_to_every_split(board, recordings):
    new = fetch(board, recordings)
    (recordings / NEAR_MISSES / "computer").mkdir()
    new[0].rename(recordings / NEAR_MISSES / "computer" / new[0].name)
    for split in ("validation", "training"):
        sounds = Sounds.read(recordings, ("computer",), split, lambda: None)
        assert sorted(r.path for r in sounds.others[NEAR_MISSES]) == sorted(new[1:])
        assert [r.path.name for r in sounds.words["computer"] if NEAR_MISSES in r.place.parts] == [new[0].name]


def test_a_board_without_near_misses(tmp_path):
    board = Board(tmp_path)
    assert fetch(board, tmp_path) == [] and not (tmp_path / NEAR_MISSES).exists()
    with pytest.raises(RemoteError):
        receive(board, f"/{NEAR_MISSES}/0_computer_700.wav")


def test_a_file_that_is_cut_short_is_refused(board, recordings):
    board.lose = True
    with pytest.raises(LinkError, match="did not arrive whole"):
        fetch(board, recordings)
    assert not (recordings / NEAR_MISSES).exists()


def test_tuning_with_the_near_misses_of_a_board(board, recordings, tmp_path, monkeypatch):
    monkeypatch.setattr(command_module, "connect", lambda device: board)
    model = small_model(seed=23, labels=("computer", "_unknown_", "_silence_"))
    model.task = "wake_word"
    save(model, tmp_path / "computer.lnn")
    words = ("--model", tmp_path / "computer.lnn", "--split", "all", "--max-per-hour", 1e6, "--device", "auto")
    done = command("tune", *words, "--stream", recordings, "--json")
    assert "new near-misses of the board: 3" in done.stderr and f'"{NEAR_MISSES}": {{' in done.stdout
    assert "no such folder" in command("tune", *words, "--stream", tmp_path / "none", expect=2).stderr
