# SPDX-License-Identifier: MIT
"""Where MicroPython and CMSIS-DSP come from, and what is said if something is missing."""

import subprocess

import pytest
from liquid_audio_nets import board as boards
from liquid_audio_nets.board import debian, firmware, sdists, sources
from liquid_audio_nets.board.errors import FirmwareError
from virtual_board import liquid_board


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
    with pytest.raises(FirmwareError, match=r"is not MicroPython 1\.25 or newer"):
        sources.micropython()


@pytest.mark.parametrize("minor, fits", [(24, False), (25, True), (29, True)])
def test_versions(tmp_path, minor, fits):
    looks_like_micropython(tmp_path, minor)
    assert sources.is_micropython(tmp_path) == fits


def looks_like_micropython(folder, minor=99):
    (folder / "py").mkdir(parents=True)
    (folder / "ports/qemu").mkdir(parents=True)
    (folder / "ports/qemu/Makefile").touch()
    (folder / "py/mpconfig.h").write_text(f"#define MICROPY_VERSION_MAJOR 1\n#define MICROPY_VERSION_MINOR {minor}\n")


@pytest.fixture
def garbage(tmp_path, monkeypatch):
    """A home with a west workspace of some other version, broken."""
    home = tmp_path / "home"
    (home / "zephyrproject/.west").mkdir(parents=True)
    for place in ("micropython", "modules/lib/micropython"):
        looks_like_micropython(home / "zephyrproject" / place)
    (home / "zephyrproject/modules/lib/cmsis-dsp/Include").mkdir(parents=True)
    (home / "zephyrproject/modules/lib/cmsis-dsp/Include/arm_math.h").write_text("#error garbage\n")
    for name in ("MICROPY_DIR", "CMSIS_DSP_DIR", "ZEPHYR_BASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    return home


def test_a_workspace_in_the_home_folder_changes_nothing(garbage):
    """The firmware is built, and from the pinned sources."""
    done = liquid_board("build", "qemu_m4f", HOME=str(garbage))
    assert done.returncode == 0, done.stderr
    log = (boards.find_board("qemu_m4f").build / "build.log").read_text()
    assert "zephyrproject" not in log
    assert sources.micropython().origin == f"the pinned release {sources.MICROPYTHON_RELEASE}"
    assert sources.cmsis_dsp().folder == boards.build_dir() / "sources/cmsisdsp-1.10.3"


def test_a_workspace_named_by_hand_is_used(garbage, monkeypatch):
    monkeypatch.setenv("ZEPHYR_BASE", str(garbage / "zephyrproject/zephyr"))
    assert sources.micropython().folder == garbage / "zephyrproject/micropython"
    assert sources.cmsis_dsp().folder == garbage / "zephyrproject/modules/lib/cmsis-dsp"


def test_the_pinned_files_are_what_is_built(garbage):
    kept = sources.micropython().folder
    assert sources.tree_sha256(kept, sources.MICROPYTHON_PARTS) == sources.MICROPYTHON_SHA256


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A git repository that stands in for MicroPython's, and an empty build folder."""
    folder = tmp_path / "repository"
    looks_like_micropython(folder)
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"], ["tag", sources.MICROPYTHON_RELEASE]):
        subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x", *words], cwd=folder, check=True)
    for name in ("MICROPY_DIR", "ZEPHYR_BASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sources, "MICROPYTHON_GIT", folder.as_uri())
    monkeypatch.setattr(sources, "build_dir", lambda: tmp_path)
    return folder


def test_git_brings_the_pinned_files(repository, monkeypatch):
    monkeypatch.setattr(sources, "MICROPYTHON_SHA256", sources.tree_sha256(repository, sources.MICROPYTHON_PARTS))
    found = sources.micropython()
    assert sources.is_micropython(found.folder) and not (found.folder / ".git").exists()
    assert found.environment["MICROPY_GIT_TAG"] == sources.MICROPYTHON_RELEASE


def test_other_files_under_the_tag_are_refused(repository, tmp_path):
    with pytest.raises(FirmwareError, match="SHA-256 differs"):
        sources.micropython()
    assert not (tmp_path / "sources" / f"micropython-{sources.MICROPYTHON_RELEASE}").exists()


def test_debian_is_asked_if_git_has_no_way(repository, monkeypatch):
    monkeypatch.setattr(sources, "MICROPYTHON_GIT", "file:///nowhere")
    asked = []
    monkeypatch.setattr(sources, "debian_micropython", lambda into, say: asked.append(into))
    with pytest.raises(FirmwareError, match=r"Could not download MicroPython.*MICROPY_DIR"):
        sources.micropython()
    assert asked


def test_a_changed_sdist_is_refused(monkeypatch, tmp_path):
    def download(command, **_):
        folder = command[command.index("-d") + 1]
        open(f"{folder}/cmsisdsp-1.10.3.tar.gz", "wb").write(b"not it")

    monkeypatch.setattr(sdists.subprocess, "run", download)
    with pytest.raises(FirmwareError, match="SHA-256 differs"):
        sources.CMSIS_DSP.download(tmp_path / "cmsis-dsp")


@pytest.mark.parametrize(
    "get, holds", [(sources.cmsis_dsp, "Include/arm_math.h"), (sources.monocypher, "monocypher.c")]
)
def test_a_named_folder_without_the_sources_is_refused(monkeypatch, tmp_path, get, holds):
    variable = f"{get.__name__.upper()}_DIR"
    monkeypatch.setenv(variable, str(tmp_path))
    with pytest.raises(FirmwareError, match=f"{variable}={tmp_path} has no {holds}"):
        get()


def test_a_missing_compiler_is_named_with_the_line_to_type(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(FirmwareError, match=r"sudo apt-get install .*gcc-arm-none-eabi picolibc-arm-none-eabi"):
        firmware.need(firmware.COMPILER)


def test_every_board_describes_itself():
    for board in boards.all_boards():
        assert {"name", "core", "clock_hz", "ram_bytes"} <= set(board.about), board.name
    assert {"qemu_m4f", "qemu_m7", "qemu_m3"} <= {board.name for board in boards.all_boards()}


def test_wrong_micropy_dir_is_one_sentence():
    done = liquid_board("build", "qemu_m4f", MICROPY_DIR="/nowhere")
    assert done.returncode == 2 and "MICROPY_DIR=/nowhere is not MicroPython" in done.stderr and not done.stdout
