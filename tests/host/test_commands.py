# SPDX-License-Identifier: MIT
"""liquid-info, liquid-test, liquid-upload as a user calls them: output, JSON, exit codes, no traceback."""

import contextlib
import importlib
import io
import json
import os
import pathlib
import pkgutil
import pty
import resource
import subprocess
import sys
import tomllib
import types
import warnings

import numpy as np
import pytest
import soundfile
import typer
from liquid_audio_nets import __version__
from liquid_audio_nets.cli import console
from liquid_audio_nets.cli.confusion import confusion_table
from liquid_audio_nets.cli.demo import table
from liquid_audio_nets.demo import Heard, Spoken
from liquid_audio_nets.errors import LiquidError, LiquidWarning
from liquid_audio_nets.evaluation import Evaluation
from liquid_audio_nets.lnn import save
from liquid_audio_nets.native import add_golden
from rich.console import Console
from small_model import babble, noise, small_model

ROOT = pathlib.Path(__file__).resolve().parents[2]


def command(name: str, *arguments, expect: int = 0) -> types.SimpleNamespace:
    """Runs a command in this process, as its entry point would; checks the exit code."""
    main = importlib.import_module(f"liquid_audio_nets.cli.{name}").main
    out, err, before = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = [f"liquid-{name}", *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as end:
            main()
    finally:
        sys.argv = before
    assert (end.value.code or 0) == expect, err.getvalue()
    return types.SimpleNamespace(stdout=out.getvalue(), stderr=err.getvalue())


def test_no_traceback_from_the_real_entry_point(tmp_path):
    code = "from liquid_audio_nets.cli.info import main; main()"
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "none"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


@pytest.fixture
def clips(tmp_path):
    """Two words, an unknown one, noise, a stereo file at 44.1 kHz, two files that cannot be read."""
    root = tmp_path / "data"
    for k, word in enumerate(("yes", "no", "tree")):
        (root / word).mkdir(parents=True)
        for i in range(3):
            soundfile.write(root / word / f"{i:08x}_nohash_0.wav", babble(16000, 10 * k + i), 16000)
    soundfile.write(root / "yes" / "cd.flac", np.stack([babble(44100, 1)] * 2, 1), 44100)
    (root / "no" / "empty.wav").touch()
    (root / "no" / "text.wav").write_text("not a sound")
    (root / "_background_noise_").mkdir()
    soundfile.write(root / "_background_noise_" / "hum.wav", np.zeros(64000, np.int16), 16000)
    return root


def test_info(model_path, tmp_path):
    text = command("info", model_path).stdout
    for word in ("yes", "_silence_", "ram bytes", "tau", "licence", "no golden vectors"):
        assert word in text
    path = tmp_path / "golden.lnn"
    save(add_golden(small_model(), noise(8000)), path)
    summary = json.loads(command("info", path, "--json").stdout)
    assert summary["parameters"] == small_model().parameters and summary["macs_per_step"] == small_model().macs_per_step
    assert summary["selftest"].startswith("passed") and summary["labels"][0]["name"] == "yes"
    assert summary["model_bytes"] == path.stat().st_size


@pytest.mark.parametrize("most, title", [(250, "rows: said, columns: heard"), (12345, "said, and heard instead")])
def test_twelve_labels_are_readable_on_a_narrow_terminal(most, title):
    names = "yes no up down left right stop go on off _unknown_ _silence_".split()
    confusion = np.diag([most] * 12)
    confusion[7, [1, 3, 10]] = 30, 4, 6
    text = io.StringIO()
    Console(file=text, width=80).print(confusion_table(Evaluation(names, confusion), Console(width=80)))
    text = text.getvalue()
    assert title in text and "…" not in text and all(name in text for name in names)
    row = next(line for line in text.splitlines() if "go " in line)
    assert f"{100 * most / (most + 40):.1f}" in row and ("no 30, _unknown_ 6, down 4" in row or row.split()[3] == "30")


def test_brackets_in_names_and_advice_are_printed_as_they_are(capsys):
    said = "pip install 'x[train]', näs [bold] \\[data] [/red] :smile:"
    console.out.print(said)
    console.note(said)
    console.err.print(console.headed("left out", said))
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == (f"{said}\n", f"{said}\nleft out: {said}\n")


def test_the_demo_s_table_fits_a_narrow_terminal():
    text = io.StringIO()
    spoken = [Spoken("right", 20.5, 21.0, "espeak-ng en-gb-x-rp+m3")]
    Console(file=text, width=80).print(table([Heard(20.98, "right", 0.87, 32, 0.0612, 2.38)], spoken, ended=True))
    assert "en-gb-x-rp+m3" in text.getvalue() and "…" not in text.getvalue()


def test_test(model_path, clips):
    result = json.loads(command("test", "--model", model_path, "--data", clips, "--json").stdout)
    assert result["clips"] == 11 and result["labels"] == ["yes", "no", "_silence_"]  # no label for tree
    assert np.sum(result["confusion"]) == 11 and np.sum(result["confusion"], axis=1).tolist() == [4, 3, 4]
    assert result["converted"] == 1 and len(result["unreadable"]) == 2
    assert result["accuracy"] == pytest.approx(np.trace(result["confusion"]) / 11)
    assert result["confusion"][2][2] == 4, "digital silence is the idle label"
    assert 0 < result["steps_per_second"] < 51 and result["macs_per_second"] > 0 and result["gated_fraction"] > 0.3
    text = command("test", "--model", model_path, "--data", clips, "--mistakes").stdout
    for words in ("rows: said", "accuracy", "estimated", "false alarms", "text.wav: not a readable sound file"):
        assert words in text


def test_test_splits_by_speaker(model_path, clips):
    counts = {
        split: json.loads(command("test", "--model", model_path, "--data", clips, "--split", split, "--json").stdout)
        for split in ("all", "training", "validation")
    }
    assert counts["training"]["clips"] + counts["validation"]["clips"] <= counts["all"]["clips"] + 4


def test_test_gate(model_path, clips):
    done = command("test", "--model", model_path, "--data", clips, "--min-accuracy", 1, expect=6)
    assert "is below the 100.00 % asked for" in done.stderr


def test_mistakes_of_the_user(model_path, tmp_path, clips):
    bad = tmp_path / "bad.lnn"
    bad.write_text("keywords: yes, no\n")
    assert f"{bad}: MAGIC: not an .lnn file" in command("upload", bad, expect=4).stderr
    bad.write_bytes(model_path.read_bytes()[:4] + b"\2\0\1\0" + model_path.read_bytes()[8:])
    assert "VERSION: written for another version of the format (the file has version 2.1, this reader" in (
        command("upload", bad, expect=4).stderr
    )
    bad.write_bytes(model_path.read_bytes()[:-3])
    for name in ("info", "upload"):
        assert f"{bad}: TRUNCATED: the file is shorter" in command(name, bad, expect=4).stderr
        assert "no such file" in command(name, tmp_path / "none.lnn", expect=2).stderr
    assert f"{bad}: TRUNCATED: " in command("test", "--model", bad, "--data", clips, expect=4).stderr
    assert "no such folder" in command("test", "--model", model_path, "--data", tmp_path / "x", expect=2).stderr
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no sound files" in command("test", "--model", model_path, "--data", empty, expect=2).stderr
    command("test", "--model", model_path, "--data", clips, "--split", "best", expect=2)
    command("info", expect=2)
    assert "cannot open /dev/nothing" in command("upload", model_path, "--device", "/dev/nothing", expect=3).stderr


def test_no_usable_file_at_all(model_path, tmp_path):
    (tmp_path / "data/yes").mkdir(parents=True)
    (tmp_path / "data/yes/a.wav").write_text("?")
    done = command("test", "--model", model_path, "--data", tmp_path / "data", expect=2)
    assert "none of 1 clips could be read" in done.stderr


def test_a_port_without_a_board(model_path):
    ours, theirs = pty.openpty()
    try:
        done = command("upload", model_path, "--device", os.ttyname(theirs), expect=3)
    finally:
        os.close(ours)
        os.close(theirs)
    assert "does not answer" in done.stderr


def errors_of_the_package() -> list[type[Exception]]:
    """Every exception class that a module of the package defines."""
    import liquid_audio_nets

    found = []
    for module in pkgutil.walk_packages(liquid_audio_nets.__path__, "liquid_audio_nets."):
        names = vars(importlib.import_module(module.name)).values() if ".compare" not in module.name else ()
        found += [x for x in names if isinstance(x, type) and issubclass(x, Exception)]
    found = [x for x in found if not issubclass(x, Warning)]
    return sorted({x for x in found if x.__module__.startswith("liquid_audio_nets.")}, key=lambda x: x.__name__)


def test_every_error_has_the_one_base_and_ends_a_command_with_a_sentence(capsys):
    found = errors_of_the_package()
    assert {"AudioError", "LinkError", "LnnError", "RecipeError", "TrainingError"} <= {x.__name__ for x in found}
    for kind in found:
        assert issubclass(kind, LiquidError), kind
        more = {"BudgetError": {"nearest": 1.0}}.get(kind.__name__, {})
        error = kind("CRC") if kind.__name__ == "LnnError" else kind("näs [bold] [/red]", **more)
        assert run_one(raising(error)) == kind.exit_code and capsys.readouterr().err.count("\n") == 1


def raising(error: Exception):
    """A command that ends with the error."""

    def command() -> None:
        raise error

    return command


def run_one(function) -> int:
    """The exit code of a command made of a function."""
    app, before = typer.Typer(), sys.argv
    app.command()(function)
    sys.argv = ["liquid-one"]
    try:
        with pytest.raises(SystemExit) as end:
            console.run(app)
    finally:
        sys.argv = before
    return end.value.code


def test_a_bug_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        run_one(lambda: 1 / 0)


@pytest.mark.parametrize(
    "error, sentence",
    [
        (
            ModuleNotFoundError("no", name="torch"),
            "needs torch, which is not installed: pip install 'liquid-audio-nets[train]'",
        ),
        (PermissionError(13, "Permission denied", "/x/[y]"), "/x/[y]: permission denied"),
    ],
)
def test_what_python_raises_for_users_is_a_sentence_too(error, sentence, capsys):
    assert run_one(raising(error)) == 2 and sentence in capsys.readouterr().err


def test_a_warning_is_one_line(capsys):
    def command() -> None:
        warnings.warn("a.wav: [bold] is quiet", LiquidWarning, stacklevel=2)

    assert run_one(command) == 0
    assert capsys.readouterr().err == "warning: a.wav: [bold] is quiet\n"


COMMANDS = {
    name: target.partition(":")[0]
    for name, target in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"].items()
}
LATE = ("torch", "scipy", "soundfile", "matplotlib", "safetensors")


def seconds_of(*command: str) -> tuple[float, str]:
    """Processor time and output of a command in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


@pytest.fixture(scope="module")
def least_s():
    """Processor time of what every command needs: about a quarter of a second on a quiet machine."""
    return min(seconds_of("-c", "import numpy, rich.console, rich.progress, typer, cffi")[0] for _ in range(3))


@pytest.mark.parametrize("name", COMMANDS)
def test_help_and_version_come_at_once(name, least_s):
    """A time in seconds would depend on the machine, so the limit is a multiple."""
    code = f"import sys; sys.argv[0] = '{name}'; from {COMMANDS[name]} import main; main()"
    seconds, text = seconds_of("-c", code, "--help")
    assert seconds < 4 * least_s and "--version" in text and "Usage" in text
    assert seconds_of("-c", code, "--version")[1] == f"{name} {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_what_takes_long_to_import_is_imported_when_needed(name):
    _, text = seconds_of("-c", f"import sys, {COMMANDS[name]}; print([m for m in {LATE} if m in sys.modules])")
    assert text == "[]\n"


def test_the_list_of_recipes_does_not_wait_for_torch(least_s):
    code = "import sys; sys.argv[1:] = ['--list']; from liquid_audio_nets.cli.train import main; main()"
    seconds, text = seconds_of("-c", code)
    assert seconds < 4 * least_s and "keywords" in text


@pytest.mark.parametrize("name", [n for n in COMMANDS if n not in ("liquid-board", "liquid-demo")])
def test_every_help_has_examples_and_sentences(name):
    text = command(name.removeprefix("liquid-"), "--help").stdout
    assert f"{name} " in text.split("Examples:")[1]


@pytest.mark.parametrize("name", [n for n in COMMANDS if n not in ("liquid-board", "liquid-demo")])
def test_a_command_without_arguments_shows_its_help(name):
    assert "Examples:" in command(name.removeprefix("liquid-"), expect=2).stdout


def test_folders_of_another_layout_are_refused_by_name(model_path, tmp_path):
    """Every clip would count as another word, and the accuracy would mean nothing."""
    save(small_model(labels=("yes", "no", "_unknown_", "_silence_")), model_path)
    for folder in ("data/group [a]", "data/group b", "other/_unknown_"):
        (tmp_path / folder).mkdir(parents=True)
        soundfile.write(tmp_path / folder / "x.wav", babble(16000, 1), 16000)
    done = command("test", "--model", model_path, "--data", tmp_path / "data", expect=2)
    assert (
        "no folder is named after a label of the model (yes, no" in done.stderr and "group [a], group b" in done.stderr
    )
    assert "of 1 clips" in command("test", "--model", model_path, "--data", tmp_path / "other").stdout
