# SPDX-License-Identifier: MIT
"""Folders of recordings as people have them: words, splits, and what is refused by name."""

import json

import numpy as np
import pytest
import soundfile
from liquid_audio_nets.audio import AudioError, scan
from liquid_audio_nets.audio.held_out import Recordings, part
from liquid_audio_nets.audio.layouts import read_layout, words
from liquid_audio_nets.lnn import save
from small_model import small_model
from test_commands import command

LABELS = ("yes", "no", "_unknown_", "_silence_")


def put(root, *names):
    """Sound files below root."""
    for k, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        tone = 0.3 * np.sin(2 * np.pi * (300 + 100 * k) * np.arange(8000) / 16000)
        soundfile.write(path, tone, 16000)
    return root


def seen(root):
    """{place: split}, with what names decide as None."""
    return {str(file.place): file.split for file in read_layout(root)}


def test_a_folder_for_each_word_is_as_it_is(tmp_path):
    put(tmp_path, "yes/a.wav", "no/deep/b.wav", "_background_noise_/c.wav", ".hidden/d.wav")
    assert seen(tmp_path) == {"yes/a.wav": None, "no/deep/b.wav": None, "_background_noise_/c.wav": None}
    assert words(read_layout(tmp_path)) == ["no", "yes"]


def test_folders_of_hugging_face_are_splits(tmp_path):
    put(tmp_path, "data/train/yes/a.wav", "data/validation/yes/b.wav", "data/test/no/c.wav")
    assert seen(tmp_path) == {"yes/a.wav": "training", "yes/b.wav": "validation", "no/c.wav": "testing"}
    by_split = {split: scan(tmp_path, LABELS, split).clips for split in ("training", "validation", "testing")}
    assert {split: [c.label for c in clips] for split, clips in by_split.items()} == {
        "training": ["yes"],
        "validation": ["yes"],
        "testing": ["no"],
    }


def test_without_a_validation_folder_names_divide_the_training_folder(tmp_path):
    put(tmp_path, *(f"train/yes/{i}_nohash_0.wav" for i in range(60)), "test/yes/z.wav")
    parts = [part(file) for file in read_layout(tmp_path)]
    assert parts.count("testing") == 1 and 0 < parts.count("validation") < 20


@pytest.mark.parametrize("name", ["metadata.csv", "metadata.jsonl"])
def test_labels_of_a_metadata_file(tmp_path, name):
    put(tmp_path, "train/1.wav", "train/2.wav", "test/3.wav")
    for folder, rows in {"train": [("1.wav", "yes"), ("2.wav", "no")], "test": [("3.wav", "yes")]}.items():
        if name.endswith("csv"):
            text = "file_name,label\n" + "".join(f"{file},{label}\n" for file, label in rows)
        else:
            text = "".join(json.dumps({"file_name": file, "label": label}) + "\n" for file, label in rows)
        (tmp_path / folder / name).write_text(text)
    assert seen(tmp_path) == {"yes/1.wav": None, "no/2.wav": None, "yes/3.wav": "testing"}


def test_a_metadata_file_without_labels_is_refused_by_name(tmp_path):
    put(tmp_path, "1.wav")
    (tmp_path / "metadata.csv").write_text("file_name,speaker\n1.wav,anna\n")
    with pytest.raises(
        AudioError, match=r"metadata\.csv: no column names the label of a sound; there are file_name, speaker"
    ):
        read_layout(tmp_path)


def test_parquet_files_are_refused_by_name(tmp_path):
    (tmp_path / "train-00000.parquet").write_bytes(b"PAR1")
    with pytest.raises(AudioError, match="parquet"):
        scan(tmp_path, LABELS)


def test_an_export_of_edge_impulse_has_labels_in_its_names(tmp_path):
    put(tmp_path, "training/yes.1k8l.wav", "training/no.2m9n.wav", "testing/yes.3o0p.wav")
    assert seen(tmp_path) == {"yes/yes.1k8l.wav": None, "no/no.2m9n.wav": None, "yes/yes.3o0p.wav": "testing"}
    assert scan(tmp_path, LABELS).counts() == {"yes": 2, "no": 1}


def test_lists_of_speech_commands_are_honoured_for_files_encoded_anew(tmp_path):
    root = put(
        tmp_path, *(f"sc/yes/{k}_nohash_0.flac" for k in "abc"), "sc/_background_noise_/n.flac", "other/no/d.flac"
    )
    (root / "sc/testing_list.txt").write_text("yes/a_nohash_0.wav\n")
    (root / "sc/validation_list.txt").write_text("yes/b_nohash_0.wav\n")
    assert seen(root / "sc") == {
        "_background_noise_/n.flac": None,
        "yes/a_nohash_0.flac": "testing",
        "yes/b_nohash_0.flac": "validation",
        "yes/c_nohash_0.flac": "training",
    }
    assert seen(root)["other/no/d.flac"] is None
    assert [c.path.name[0] for c in scan(root / "sc", ("yes",), "validation").clips] == ["b"]
    assert [r.path.name[0] for r in Recordings(root, ("validation",)).read("sc/yes")] == ["b"]


def test_a_prefix_that_all_files_share_is_no_speaker(tmp_path):
    put(
        tmp_path,
        *(f"marvin/marvin_{i:03d}.wav" for i in range(40)),
        *(f"talk/{who}_{i}.wav" for who in "ab" for i in range(9)),
    )
    parts = {folder: [part(f) for f in read_layout(tmp_path) if f.word == folder] for folder in ("marvin", "talk")}
    assert 2 <= parts["marvin"].count("validation") <= 20
    assert len(set(parts["talk"][:9])) == len(set(parts["talk"][9:])) == 1  # by speaker


def test_liquid_test_refuses_a_folder_without_any_word_of_the_model(tmp_path):
    put(tmp_path / "data", "anna/1.wav", "bert/2.wav")
    save(small_model(1, labels=LABELS), tmp_path / "m.lnn")
    done = command("test", "--model", tmp_path / "m.lnn", "--data", tmp_path / "data", expect=2)
    assert "no folder is named after a label of the model" in " ".join(done.stderr.split())
    (tmp_path / "data/anna").rename(tmp_path / "data/_unknown_")
    command("test", "--model", tmp_path / "m.lnn", "--data", tmp_path / "data")
