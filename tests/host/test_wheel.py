# SPDX-License-Identifier: MIT
"""The wheel is all that a maker needs: no checkout, a fresh virtual environment, an empty folder."""

import os
import re
import subprocess
import sys

import pytest
from liquid_audio_nets import board as boards
from liquid_audio_nets.board import sources
from virtual_board import ROOT


def run(*words, **options) -> str:
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """run a command of the installed wheel -> what it printed.  Other packages are those of this environment."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", folder, ROOT)
    run(sys.executable, "-m", "venv", folder / "venv")
    python = folder / "venv/bin/python"
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])")
    with open(f"{site}/others.pth", "w") as others:
        others.writelines(f"{path}\n" for path in sys.path if path.endswith("site-packages"))
    run(python, "-m", "pip", "install", "--no-deps", "--no-index", *folder.glob("*.whl"))
    for part in (sources.micropython(), sources.cmsis_dsp()):  # not fetched a second time
        place = folder / "cache/liquid-audio-nets/sources" / part.folder.name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(part.folder)
    (folder / "empty").mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}

    def command(name: str, *words) -> str:
        return run(folder / "venv/bin" / name, *words, cwd=folder / "empty", env=environment)

    yield command
    command("liquid-board", "stop")


@pytest.mark.long
def test_a_board_without_a_checkout(installed):
    firmware = installed("liquid-board", "build", "qemu_m4f")
    assert firmware.endswith("cache/liquid-audio-nets/firmware/qemu_m4f/firmware.elf")
    port = installed("liquid-board", "start", "qemu_m4f")
    installed("liquid-board", "scripts", "mine")
    assert "keywords.lnn" in installed("liquid-upload", "mine/models/keywords.lnn", "--device", port)
    said = installed("liquid-demo")
    assert "heard 12 of 12" in said
    assert len(set(re.findall(r" (\d+) ms ", said))) > 3  # the adaptive timestep is visible


@pytest.mark.long
def test_the_wheel_carries_what_the_checkout_has(installed):
    names = {board.name for board in boards.all_boards()}
    listed = installed("liquid-board", "list")
    assert all(name in listed for name in names)
    package = installed("python", "-c", "import liquid_audio_nets as package; print(package.__path__[0])")
    for name in ("cmodule/include/liquid_audio_lnn.h", "cmodule/core/engine.c", "device/typings/liquid_audio.pyi"):
        assert open(f"{package}/project/{name}").read() == (ROOT / name).read_text()
    assert not os.path.exists(f"{package}/project/tests")
