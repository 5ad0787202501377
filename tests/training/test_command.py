# SPDX-License-Identifier: MIT
"""liquid-train as a user meets it."""

import json
import shutil
import tomllib
from types import SimpleNamespace

import pytest
from liquid_audio_nets.audio.dataset import split_of
from liquid_audio_nets.audio.speech import engines
from liquid_audio_nets.cli.train import main
from liquid_audio_nets.native import LNN
from liquid_audio_nets.training.nets.registry import ARCHS


@pytest.fixture
def train(monkeypatch, capsys):
    """Runs the command in this process: exit code, stdout, stderr."""

    def command(*arguments):
        monkeypatch.setattr("sys.argv", ["liquid-train", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        out, err = capsys.readouterr()
        return SimpleNamespace(returncode=int(code), stdout=out, stderr=err)

    return command


def test_help_has_examples(train):
    done = train("keywords", "--help")
    assert done.returncode == 0 and "liquid-train keywords --data" in done.stdout


def test_a_run_from_a_folder_to_a_model_and_again(train, words, tmp_path):
    arguments = (
        "keywords",
        "--data",
        words,
        "--out",
        tmp_path / "run",
        "--labels",
        "yes,no,_unknown_,_silence_",
        "--hidden",
        "8",
        "--epochs",
        1,
        "--epoch-steps",
        4,
        "--batch",
        8,
        "--synthetic",
        0,
        "--set",
        "goals.recall=0",
    )
    done = train(*arguments)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "keywords.lnn").exists() and done.stdout.strip().endswith("keywords.lnn")
    again = train(*arguments)
    assert again.returncode == 0 and "resuming at step 4" in again.stderr
    (tmp_path / "run/keywords.lnn").unlink()
    saved = train("keywords", "--data", words, "--out", tmp_path / "run")  # without what was asked for at first
    assert saved.returncode == 0 and "resuming at step 4" in saved.stderr
    assert (tmp_path / "run/keywords.lnn").exists() and len(list((tmp_path / "run/cache").iterdir())) == 1
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}
    for change, was in (
        ("--learning-rate=0.5", "train.learning_rate = 0.012, not 0.5"),
        ("--labels=yes,no", "data.labels"),
    ):
        other = train("keywords", "--data", words, "--out", tmp_path / "run", change)
        assert other.returncode == 2 and was in " ".join(other.stderr.split())
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}


def test_recipes_are_listed_and_printed(train, tmp_path):
    listed = train("--list")
    assert listed.returncode == 0 and "keywords" in listed.stdout
    assert "keywords" in json.loads(train("--list", "--json").stdout)
    printed = train("keywords", "--print")
    assert printed.returncode == 0 and "[augment]" in printed.stdout and "# " in printed.stdout
    (tmp_path / "mine.toml").write_text(printed.stdout)
    changed = train(tmp_path / "mine.toml", "--print", "--set", "train.epochs=3", "--seed", 9)
    settings = tomllib.loads(changed.stdout)
    assert (settings["train"]["epochs"], settings["train"]["seed"]) == (3, 9)


def test_what_was_trained_as_json_and_from_the_kept_recipe(train, words, tmp_path):
    small = (
        "--hidden",
        "8",
        "--epochs",
        1,
        "--epoch-steps",
        2,
        "--batch",
        8,
        "--synthetic",
        0,
        "--labels",
        "yes,no,_silence_",
        "--set",
        "policy.min_timestep_us=40_000",
        "--set",
        "goals.recall=0",
    )
    done = train("keywords", "--data", words, "--out", tmp_path / "a", "--json", *small)
    said = json.loads(done.stdout)
    assert said["model"].endswith("keywords.lnn") and said["steps"] == said["step"] == 2
    assert said["kept"] == "best" and said["score"] == pytest.approx(float(said["log"][0][said["metric"]]), rel=1e-5)
    assert LNN.load(said["model"]).min_timestep == 0.04
    again = train(tmp_path / "a" / "recipe.toml", "--data", words, "--out", tmp_path / "b")
    assert again.returncode == 0, again.stderr
    a, b = ((tmp_path / run / "keywords.lnn").read_bytes() for run in "ab")
    assert a == b
    other = train("keywords", "--data", words, "--out", tmp_path / "a", *small, "--hidden", "10")
    assert other.returncode == 2 and "model.hidden_dim" in other.stderr


@pytest.mark.skipif("espeak-ng" not in engines(), reason="espeak-ng is not installed")
def test_a_word_without_any_recording_is_one_command(train, tmp_path):
    (tmp_path / "none").mkdir()
    done = train(
        "keywords",
        "--data",
        tmp_path / "none",
        "--out",
        tmp_path / "run",
        "--say",
        "computer",
        "--labels",
        "_silence_",
        "--synthetic",
        0,
        "--set",
        "data.synthetic_said=80",
        "--set",
        "data.synthetic_unknown=0",
        "--set",
        "goals.recall=0",
        "--hidden",
        4,
        "--epochs",
        1,
        "--epoch-steps",
        1,
        "--batch",
        4,
    )
    assert done.returncode == 0, done.stderr
    card = (tmp_path / "run/card.md").read_text()
    assert "synthetic speech alone, from no recording: computer" in card and "Google" not in card
    with LNN.load(tmp_path / "run/keywords.lnn") as net:
        assert net.labels == ("computer", "_silence_") and net.selftest() < 2e-3
    result = json.loads((tmp_path / "run/confusion.json").read_text())
    assert sum(result["confusion"][0]) > 0  # measured on voices that were held out


def test_unreadable_files_are_listed_and_a_class_that_vanishes_is_an_error(train, words, tmp_path):
    shutil.copytree(words, tmp_path / "data")
    files = sorted((tmp_path / "data/yes").iterdir())
    arguments = (
        "keywords",
        "--data",
        tmp_path / "data",
        "--labels",
        "yes,no,_unknown_,_silence_",
        "--synthetic",
        0,
        "--hidden",
        4,
        "--epochs",
        1,
        "--epoch-steps",
        1,
        "--batch",
        4,
    )
    files[0].write_bytes(b"no sound")
    done = train(*arguments, "--out", tmp_path / "a")
    said = "".join(done.stderr.split())
    assert done.returncode == 6 and "skipped:" in said and files[0].name in said
    assert "thegoalis80%" in said and "the goal is 80%" in (tmp_path / "a/card.md").read_text()
    assert LNN.load(tmp_path / "a/keywords.lnn").selftest() < 2e-3  # nothing is lost
    for file in files:
        file.write_bytes(b"no sound")
    done = train(*arguments, "--out", tmp_path / "b")
    assert done.returncode == 2 and "training clips for 'yes'" in " ".join(done.stderr.split())


def test_data_without_speakers_of_the_validation_split_are_refused(train, words, tmp_path):
    for word in ("yes", "no"):
        (tmp_path / "data" / word).mkdir(parents=True)
        for file in (words / word).iterdir():
            if split_of(file.name) == "training":
                shutil.copy(file, tmp_path / "data" / word)
    done = train(
        "keywords", "--data", tmp_path / "data", "--out", tmp_path / "run", "--labels", "yes,no", "--synthetic", 0
    )
    assert done.returncode == 2 and "validation split" in " ".join(done.stderr.split())


@pytest.mark.parametrize("arch", ("gru", "ds_cnn"))
def test_networks_to_compare_with_train_alike_and_have_no_lnn(train, words, tmp_path, arch):
    done = train(
        "keywords",
        "--data",
        words,
        "--out",
        tmp_path,
        "--epochs",
        1,
        "--epoch-steps",
        2,
        "--batch",
        8,
        "--synthetic",
        0,
        "--labels",
        "yes,no,_unknown_,_silence_",
        "--arch",
        arch,
    )
    assert done.returncode == 0, done.stderr
    assert "no .lnn" in done.stderr and done.stdout.strip().endswith("best.safetensors")
    settings = tomllib.loads((tmp_path / "recipe.toml").read_text())
    assert settings["model"]["hidden_dim"] == list(ARCHS[arch].units)
    assert settings["train"]["learning_rate"] == ARCHS[arch].learning_rate
    assert arch in (tmp_path / "card.md").read_text() and not list(tmp_path.glob("*.lnn"))


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ((), "no recipe was given"),
        (("keyword",), "did you mean 'keywords'"),
        (("keywords", "--data", "."), "--out is missing"),
        (("keywords", "--out", "x", "--set", "train.epochs"), "not TABLE.KEY=VALUE"),
        (("keywords", "--out", "x", "--set", "train.epoch=3"), "did you mean 'train.epochs'"),
        (("keywords", "--out", "x"), "give --data"),
    ],
)
def test_what_is_missing_is_said(train, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    done = train(*arguments, "--threads", 1)
    assert done.returncode == 2 and sentence in " ".join(done.stderr.split()) and not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        *(
            (
                (task, "--arch", arch),
                f"'{arch}' decides windows of one second; it can be compared on keywords alone, not on {task}",
            )
            for task, arch in (
                ("vad", "ds_cnn"),
                ("wake-word", "bc_resnet_1"),
                ("sounds", "ds_cnn"),
                ("anomaly", "ds_cnn"),
                ("series", "bc_resnet_1"),
            )
        ),
        (("wake-word", "--arch", "cfc"), "'cfc' cannot learn a wake word"),
        (("sounds", "--arch", "lstm"), "unknown cell 'lstm'"),
        (("vad", "--set", "model.ode_solver=rk4"), "unknown solver 'rk4'"),
        (("anomaly", "--arch", "gru", "--set", "model.ode_solver=exact"), "solves no equation"),
        (("vad", "--set", "model.hidden_dim=[]"), "at least one cell"),
        (("keywords", "--arch", "ds_cnn", "--set", "train.complexity_penalty=0.1"), "leave complexity_penalty"),
        (("keywords", "--arch", "bc_resnet_1", "--set", "train.sparsity_penalty=0.1"), "leave complexity_penalty"),
        (("keywords", "--arch", "cfc", "--set", "train.prune_share=0.5"), "cannot be pruned; set prune_share to 0"),
        (("keywords", "--arch", "ltc_const", "--set", "train.prune_share=0.5"), "set prune_groups to false"),
        (("keywords", "--arch", "ltc_synaptic", "--set", "model.wiring=ncp"), "wiring"),
    ],
)
def test_networks_that_cannot_be_trained_are_refused_before_data_are_read(train, tmp_path, arguments, sentence):
    done = train(*arguments, "--data", "/nowhere", "--out", tmp_path / "run")
    assert done.returncode == 2 and sentence in " ".join(done.stderr.split()) and not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "change, sentence",
    [
        (("--data", "/nowhere"), "no such folder"),
        (("--cells", "a,b"), "one to four cells"),
        (("--cells", "grid:8x4x8,64,a"), "one to four cells"),
        (("--cells", "grid:8,64"), "width x stride x filters"),
        (("--cells", "grid:9x4x8,64"), "do not end with the 40 channels"),
        (("--labels", "yes,maybe,_unknown_"), "'maybe'"),
        (("--labels", "_unknown_,_silence_"), "no word among the labels"),
    ],
)
def test_mistakes_are_one_sentence_and_exit_2(train, words, tmp_path, change, sentence):
    arguments = {"--data": words, "--out": tmp_path, "--labels": "yes,no,_unknown_,_silence_", "--synthetic": 0} | {
        change[0]: change[1]
    }
    done = train("keywords", *(x for pair in arguments.items() for x in pair))
    assert done.returncode == 2 and sentence in " ".join(done.stderr.split()) and "Traceback" not in done.stderr
