# SPDX-License-Identifier: MIT
"""Files that are replaced as a whole."""

import pytest
from liquid_audio_nets.lnn.whole_file import replacing


def test_a_file_takes_the_place_of_the_old_one(tmp_path):
    (tmp_path / "x").write_text("old")
    with replacing(tmp_path / "x") as part:
        part.write_text("new")
        assert (tmp_path / "x").read_text() == "old"
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("x", "new")]


@pytest.mark.parametrize("failure", [OSError, KeyboardInterrupt])
def test_what_fails_leaves_the_old_one_alone(tmp_path, failure):
    (tmp_path / "x").write_text("old")
    with pytest.raises(failure), replacing(tmp_path / "x") as part:
        part.write_text("half")
        raise failure
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("x", "old")]


def test_below_a_file_nothing_can_be_written(tmp_path):
    (tmp_path / "x").write_text("no folder")
    with pytest.raises(NotADirectoryError), replacing(tmp_path / "x" / "y") as part:
        part.write_text("new")
