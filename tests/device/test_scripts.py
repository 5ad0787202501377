# SPDX-License-Identifier: MIT
"""The scripts of device/, run as users run them."""

import runpy
import subprocess
import sys
import types

import pytest
from liquid_audio_nets import demo
from liquid_audio_nets.board.machine import set_audio
from virtual_board import ROOT

SCRIPTS = sorted((ROOT / "device").glob("*.py"))


@pytest.fixture
def hearing(m4f, speech):
    m4f.release()
    set_audio(m4f.board, speech[0])
    return m4f


def test_kws_hears_words(hearing, speech):
    *heard, ending = demo.run_script(hearing.port, ROOT / "device/kws.py")
    assert isinstance(ending, demo.Ending) and ending.overruns == 0
    assert abs(ending.seconds - len(speech[1]) / 16000) < 0.06
    assert {line.keyword for line in heard} & {"yes", "no", "stop", "go"}
    assert len({line.timestep_ms for line in heard}) > 1, heard  # the adaptive timestep is visible
    assert ending.work < 8


def test_kws_can_be_tuned_at_the_repl(hearing):
    hearing.mpremote("run", ROOT / "device/kws.py")
    deaf = "for name in net.labels: net.thresholds[name] = 0"
    out = hearing.mpremote("run", ROOT / "device/kws.py", "exec", f"{deaf}\nprint('again')\nlisten()")
    assert "confidence" not in out.split("again")[1] and "s of audio" in out.split("again")[1]


def test_kws_without_a_model_says_so(hearing):
    hearing.mpremote("exec", "import os; os.rename('/models/keywords.lnn', '/models/away')")
    try:
        said = hearing.mpremote("run", ROOT / "device/kws.py")
        assert (
            "ENOENT: models/keywords.lnn" in said
            and "Send the model with: liquid-upload device/models/keywords.lnn" in said
        )
    finally:
        hearing.mpremote("exec", "import os; os.rename('/models/away', '/models/keywords.lnn')")


@pytest.mark.parametrize("script", ["anomaly", "kws", "near_misses", "series", "sounds", "vad", "wake"])
def test_too_little_memory_is_one_sentence(script, monkeypatch, capsys):
    """What the binding raises where the heap is too small; here, for the scripts are Python too."""

    def load(_):
        raise MemoryError("the model needs 7000 bytes of RAM, 5000 are free")

    fake = types.SimpleNamespace(LNN=types.SimpleNamespace(load=load))
    monkeypatch.setitem(sys.modules, "liquid_audio", fake)
    runpy.run_path(str(ROOT / "device" / f"{script}.py"))
    assert capsys.readouterr().out == "the model needs 7000 bytes of RAM, 5000 are free\n"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_are_as_short_as_the_readme_says(script):
    """README.md, first paragraph: 40 to 80 lines."""
    assert 30 <= len(script.read_text().splitlines()) <= 80


def test_pyright_finds_the_stubs_and_no_errors():
    """From the root of the repository, as an editor does: [tool.pyright] of pyproject.toml."""
    pytest.importorskip("pyright")
    checked = subprocess.run([sys.executable, "-m", "pyright"], cwd=ROOT, capture_output=True, text=True)
    assert checked.returncode == 0 and "0 errors, 0 warnings" in checked.stdout, checked.stdout + checked.stderr
