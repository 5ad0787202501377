# SPDX-License-Identifier: MIT
"""Code blocks of README.md and docs/ that run on this computer. Those for a board: tests/device/test_docs.py."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
import soundfile
import tiny_recordings
from doc_blocks import PAGES, ROOT, TITLES, blocks
from liquid_audio_nets.audio.dataset import split_of

SHORT = " --epochs 1 --epoch-steps 2 --batch 8"  # of a training: the command is what is tested
COMMANDS = [b for b in blocks("console") if any(c.startswith("liquid-") for c in b.commands)]
WORDS = ("yes", "no", "up", "down", "left", "right", "stop", "go", "bed")
TOOLS = ("liquid-", "openssl ")
NEEDS_A_BOARD = ("liquid-board", "liquid-upload")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What a reader has: the models, and recordings as the tutorial lays them out."""
    here = tmp_path_factory.mktemp("reader")
    (here / "device").symlink_to(ROOT / "device")
    shutil.copy(ROOT / "device/models/computer.lnn", here)
    made = tiny_recordings.make(here / "made")
    for name, place in (
        ("computer", "wake_words/computer"),
        ("talk", "negatives"),
        ("digits", "digits"),
        ("_background_noise_", "speech_commands/_background_noise_"),
    ):
        (here / "recordings" / place).parent.mkdir(parents=True, exist_ok=True)
        (made / name).rename(here / "recordings" / place)
    for k, word in enumerate(WORDS):
        (here / "speech_commands" / word).mkdir(parents=True)
        for i, name in enumerate(speakers(2)):
            chirp = tiny_recordings.chirp(300 + 150 * k, 2400 - 200 * k, 100 * k + i, seconds=1.0)
            soundfile.write(here / "speech_commands" / word / name, chirp, 16000)
    noise = here / "recordings/speech_commands/_background_noise_"
    (here / "speech_commands/_background_noise_").symlink_to(noise)
    return here


def speakers(count: int) -> list[str]:
    """count file names of training and of validation speakers, by Speech Commands' rule."""
    found: dict[str, list[str]] = {"training": [], "validation": []}
    for i in range(1000):
        name = f"{i:08x}_nohash_0.wav"
        found.setdefault(split_of(name), []).append(name)
    return found["training"][:count] + found["validation"][:count]


def shorten(recipe: pathlib.Path) -> None:
    """One utterance of each synthetic word, and few words: speaking takes most of a short training."""
    text = re.sub(r"^(synthetic\w*) = \d+", r"\1 = 0", recipe.read_text(), flags=re.M)
    recipe.write_text(text.replace("synthetic = 0", "synthetic = 12"))


def test_every_python_block_says_where_it_runs():
    assert {b.title for b in blocks("python")} <= TITLES and blocks("python") and len(PAGES) > 5


@pytest.mark.parametrize("block", blocks("python", "on your computer"), ids=str)
def test_python_runs(block, folder):
    done = subprocess.run([sys.executable, "-c", block.text], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", blocks("c"), ids=str)
def test_c_compiles(block, tmp_path):
    source = tmp_path / "block.c"
    source.write_text(block.text)
    flags = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-fsyntax-only", f"-I{ROOT}/cmodule/include"]
    done = subprocess.run(["gcc", *flags, source], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", COMMANDS, ids=str)
def test_commands_run(block, folder):
    """In their order, one after the other; trainings are cut short."""
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    for command in block.commands:
        if not command.startswith(TOOLS) or command.startswith(NEEDS_A_BOARD) or "--device" in command:
            continue
        short = SHORT if command.startswith("liquid-train") and "--print" not in command else ""
        recipe = command.removeprefix("liquid-train ").partition(" ")[0]
        short += " --synthetic 0" if recipe == "keywords" and short else ""
        short += " --set goals.recall=0" if short and recipe not in ("vad", "sounds", "series", "anomaly") else ""
        short += " --set data.false_accepts_per_hour=1e6" if short and recipe == "mine.toml" else ""
        done = subprocess.run(
            f"{command.partition(' #')[0]}{short}",
            shell=True,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=600,
            env=os.environ | {"PATH": path},
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        if command.endswith("--print > mine.toml"):
            shorten(folder / "mine.toml")
