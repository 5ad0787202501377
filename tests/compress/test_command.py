# SPDX-License-Identifier: MIT
"""liquid-compress: exit codes, one clear sentence, JSON."""

import json
import subprocess
import sys

import pytest
from liquid_audio_nets.audio import write_wav
from liquid_audio_nets.lnn import load, save, write
from liquid_audio_nets.native import LNN, run_clip
from small_model import babble, small_model


def run(*options, first=""):
    """first: what happens in the interpreter before the command.  No virtual board is asked: it may have no firmware."""
    code = f"{first}\nfrom liquid_audio_nets.cli import compress, step_costs; step_costs.VIRTUAL_BOARDS = {{}}; compress.main()"
    return subprocess.run([sys.executable, "-c", code, *map(str, options)], capture_output=True, text=True)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a float model and recordings, each in the folder of the word that the model hears."""
    top, model = tmp_path_factory.mktemp("compress"), small_model(1)
    save(model, top / "float.lnn")
    with LNN(write(model)) as lnn:
        for n in range(16):
            samples = babble(16000, n)
            folder = top / "words" / lnn.labels[run_clip(lnn, samples).label]
            folder.mkdir(parents=True, exist_ok=True)
            write_wav(folder / f"speaker{n}_nohash_0.wav", samples)
    return top


def test_a_model_becomes_integer_and_says_how(place):
    done = run(
        "--input",
        place / "float.lnn",
        "--output",
        place / "int8.lnn",
        "--target",
        "cortex-m4",
        "--quantization",
        "dynamic-int8",
        "--calibrate",
        place / "words",
        "--max-drop",
        100,
        "--json",
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["after"]["model_bytes"] < report["before"]["model_bytes"]
    assert report["clips"] >= 5 and report["accuracy_is"] == "accuracy on labelled clips"
    model = load(place / "int8.lnn")
    assert model.cells[0].weight == "int8" and model.target == "cortex_m4"
    assert model.metadata["quantization"] == "dynamic-int8" and model.metadata["licence"] == "none"


def test_fine_tuning_is_reported_with_what_was_before_it(place):
    done = run(
        "--input",
        place / "float.lnn",
        "--output",
        place / "tuned.lnn",
        "--quantization",
        "int8",
        "--calibrate",
        place / "words",
        "--max-drop",
        100,
        "--prune-share",
        0.3,
        "--fine-tune-steps",
        5,
        "--target",
        "riscv32",
        "--json",
        first="import os; os.environ['OMP_NUM_THREADS'] = '1'",
    )
    assert done.returncode == 0, done.stderr
    report, model = json.loads(done.stdout), load(place / "tuned.lnn")
    assert 0 <= report["before_tuning"]["accuracy"] <= 1 and report["zero_block_share"] >= 0.29
    assert report["instructions_are"] == "estimated"
    assert sum(report["instructions"]["after"].values()) > 20_000
    assert (model.target, model.cells[0].weight, model.cells[0].layout) == ("riscv32", "int8", "rows4x4_sparse")
    with LNN(write(model)) as lnn:
        assert lnn.selftest() == 0


WITHOUT_TORCH = """
import sys
class Finder:
    def find_spec(self, name, *_):
        if name == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
sys.meta_path.insert(0, Finder())"""


def test_fine_tuning_without_torch_says_what_to_install(place):
    done = run("--input", place / "float.lnn", "--output", place / "x.lnn", "--fine-tune-steps", 5, first=WITHOUT_TORCH)
    assert done.returncode == 2 and "pip install" in done.stderr and "Traceback" not in done.stderr


def test_a_table_for_people(place):
    done = run(
        "--input",
        place / "float.lnn",
        "--output",
        place / "table.lnn",
        "--calibrate",
        place / "words",
        "--max-drop",
        100,
        "--golden-ms",
        200,
    )
    assert done.returncode == 0 and "before" in done.stdout and "worst error of a logit" in done.stdout
    assert "instructions per step, estimated" in done.stdout and "of these cells" in done.stdout


def test_too_great_a_drop_writes_nothing_and_names_the_layer(place):
    out = place / "never.lnn"
    done = run(
        "--input",
        place / "float.lnn",
        "--output",
        out,
        "--calibrate",
        place / "words",
        "--prune-threshold",
        1,
        "--max-drop",
        0,
    )
    assert done.returncode == 6 and not out.exists()
    assert "pruning" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "options, code, word",
    [
        (("--input", "nowhere.lnn"), 2, "no such file"),
        (("--quantization", "int4"), 2, "int4"),
        (("--quantization", "float32", "--fine-tune-steps", "3"), 2, "float32 rounds nothing"),
        (("--target", "z80"), 2, "z80"),
        (("--calibrate", "/nonexistent"), 2, "no such folder"),
    ],
)
def test_mistakes_get_one_sentence(place, options, code, word):
    base = {"--input": place / "float.lnn", "--output": place / "x.lnn"} | dict(
        zip(options[::2], options[1::2], strict=True)
    )
    done = run(*(part for pair in base.items() for part in pair))
    assert done.returncode == code and word in done.stderr, done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2 and "Traceback" not in done.stderr
    assert not (place / "x.lnn").exists()


def test_a_damaged_model_is_a_bad_model(place):
    data = bytearray((place / "float.lnn").read_bytes())
    data[200] ^= 1
    (place / "bad.lnn").write_bytes(data)
    done = run("--input", place / "bad.lnn", "--output", place / "x.lnn")
    assert done.returncode == 4 and f"{place / 'bad.lnn'}: CRC: the checksum is wrong" in done.stderr


def test_without_recordings_there_is_a_hint_and_a_new_folder_is_told(place):
    done = run("--input", place / "float.lnn", "--output", place / "new/x.lnn", "--max-drop", 100)
    assert done.returncode == 0 and f"created the folder {place / 'new'}" in done.stderr, done.stderr
    assert "hint: give recordings with --calibrate" in done.stderr and "agreement with the float model" in done.stdout
    again = run("--input", place / "float.lnn", "--output", place / "new/x.lnn", "--calibrate", place / "words")
    assert "created" not in again.stderr and "hint" not in again.stderr
