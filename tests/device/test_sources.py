"""Where MicroPython and CMSIS-DSP come from, and what liquid-board says when something is missing."""

import json
import subprocess
import sys

import pytest
from liquid_audio_nets import board as boards
from liquid_audio_nets.board import debian, firmware, sources
from liquid_audio_nets.board.errors import FirmwareError
from virtual_board import ROOT


def liquid_board(*words, **environment):
    import os

    return subprocess.run(
        [sys.executable, "-m", "liquid_audio_nets.cli.board", *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | environment,
    )


@pytest.mark.parametrize(
    "name, text, expected",
    [
        (
            "sources.list",
            "# main\ndeb http://mirror.example/debian bookworm main contrib\n",
            {"URIs": "http://mirror.example/debian"},
        ),
        (
            "sources.list",
            "deb [arch=amd64 signed-by=/k.gpg] https://a.example/debian/ sid main # all\n",
            {"URIs": "https://a.example/debian/", "Signed-By": "/k.gpg"},
        ),
        (
            "sources.list",
            "deb http://a.example/security bookworm-security main\ndeb http://a.example/x jammy main\n",
            None,
        ),
        (
            "sources.list.d/debian.sources",
            "Types: deb\n# a comment\nURIs: http://b.example/debian http://c.example/debian\nSuites: trixie trixie-updates\n"
            "Components: main\nSigned-By: /k.gpg\n\nTypes: deb\nURIs: http://b.example/s\nSuites: trixie-security\nComponents: main\n",
            {"URIs": "http://b.example/debian", "Signed-By": "/k.gpg"},
        ),
        (
            "sources.list.d/off.sources",
            "Enabled: no\nTypes: deb\nURIs: http://b.example/debian\nSuites: sid\nComponents: main\n",
            None,
        ),
        ("sources.list.d/other.list", "deb https://vendor.example/apt stable vendor\n", None),
    ],
)
def test_the_machines_own_debian_archive(tmp_path, name, text, expected):
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / name).write_text(text)
    assert debian.archive(tmp_path) == expected


def test_a_key_inside_the_stanza(tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d/d.sources").write_text(
        "Types: deb deb-src\nURIs: http://b.example/debian\nSuites: sid\nComponents: main\nSigned-By:\n -----BEGIN\n .\n abc\n"
    )
    assert debian.archive(tmp_path)["Signed-By"].split("\n") == ["", " -----BEGIN", " .", " abc"]


def test_micropy_dir_must_be_micropython(monkeypatch, tmp_path):
    monkeypatch.setenv("MICROPY_DIR", str(tmp_path))
    with pytest.raises(FirmwareError, match="is not MicroPython 1.25 or newer"):
        sources.micropython()


@pytest.mark.parametrize("minor, fits", [(24, False), (25, True), (29, True)])
def test_versions(tmp_path, minor, fits):
    (tmp_path / "py").mkdir()
    (tmp_path / "ports/qemu").mkdir(parents=True)
    (tmp_path / "py/mpconfig.h").write_text(f"#define MICROPY_VERSION_MAJOR 1\n#define MICROPY_VERSION_MINOR {minor}\n")
    assert sources.is_micropython(tmp_path) == fits


def test_first_place_that_answers(monkeypatch, tmp_path):
    monkeypatch.delenv("MICROPY_DIR", raising=False)
    monkeypatch.setattr(sources, "workspaces", lambda: [])
    monkeypatch.setattr(sources, "build_dir", lambda: tmp_path)
    monkeypatch.setattr(sources, "clone_micropython", lambda into, say: None)
    monkeypatch.setattr(sources, "debian_micropython", lambda into, say: sources.Source(into, "Debian"))
    assert sources.micropython().origin == "Debian"
    monkeypatch.setattr(sources, "debian_micropython", lambda into, say: None)
    with pytest.raises(FirmwareError, match="MICROPY_DIR"):
        sources.micropython()


def test_a_changed_sdist_is_refused(monkeypatch, tmp_path):
    def download(command, **_):
        folder = command[command.index("-d") + 1]
        open(f"{folder}/cmsisdsp-1.10.3.tar.gz", "wb").write(b"not it")

    monkeypatch.setattr(sources.subprocess, "run", download)
    with pytest.raises(FirmwareError, match="SHA-256 differs"):
        sources.download_cmsis_dsp(tmp_path / "cmsis-dsp")


def test_a_missing_compiler_is_named_with_the_line_to_type(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(FirmwareError, match="sudo apt-get install .*gcc-arm-none-eabi picolibc-arm-none-eabi"):
        firmware.need(firmware.COMPILER)


def test_every_board_describes_itself():
    for board in boards.all_boards():
        assert {"name", "core", "clock_hz", "ram_bytes"} <= set(board.about), board.name
    assert {"qemu_m4f", "qemu_m7", "qemu_m3"} <= {board.name for board in boards.all_boards()}


def test_list():
    rows = json.loads(liquid_board("list", "--json").stdout)
    assert {row["board"] for row in rows} == {board.name for board in boards.all_boards()}


@pytest.mark.parametrize(
    "words, code, sentence",
    [
        (["build", "nothing"], 2, "no board 'nothing'; there are"),
        (["start", "qemu_m4f", "--audio", "/no.wav"], 2, "/no.wav: no such file"),
        (["start", "nothing"], 2, "no board"),
        (["unknown"], 2, "No such command"),
    ],
)
def test_mistakes_are_one_sentence(words, code, sentence):
    done = liquid_board(*words)
    assert done.returncode == code and sentence in done.stderr and "Traceback" not in done.stderr


def test_wrong_micropy_dir_is_one_sentence():
    done = liquid_board("build", "qemu_m4f", MICROPY_DIR="/nowhere")
    assert done.returncode == 2 and "MICROPY_DIR=/nowhere is not MicroPython" in done.stderr and not done.stdout
