# SPDX-License-Identifier: MIT
"""Zephyr on Linux (native_sim), under AddressSanitizer and without a cross compiler; what a build says; its C style."""

import os
import re
import shutil
import subprocess

import pytest
from keys import key_pair
from keyword_sample import board_hears, host_hears
from liquid_audio_nets import board as boards
from liquid_audio_nets.board import sources, zephyr
from liquid_audio_nets.lnn import signature

BOARD = "native_sim/native/64"


@pytest.fixture(scope="module")
def build(workspace, root):
    """build(application, folder's name, more settings, module's root) -> (build folder, log of a build that failed)"""
    for tool in ("gcc", "cmake", "ninja", "dtc"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is missing")

    def build(app, name, *settings, module=root):
        folder = root / "build" / "zephyr" / name
        folder.parent.mkdir(parents=True, exist_ok=True)
        env = dict(os.environ) | {
            "ZEPHYR_TOOLCHAIN_VARIANT": "host",
            "CCACHE_BASEDIR": str(root),
            "CCACHE_NOHASHDIR": "1",
        }
        words = [workspace.west, "build", "-p", "auto", "-b", BOARD, "-d", folder, module / app, "--", *settings]
        return folder, zephyr.build_in(folder, list(map(str, words)), workspace, env)

    return build


def run(folder, *words):
    done = subprocess.run([folder / "zephyr/zephyr.exe", "-no-rt", *words], text=True, capture_output=True, timeout=120)
    assert "AddressSanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    return done.stdout


def sanitized(build, app, name, *settings):
    folder, log = build(app, name, "-DCONFIG_ASAN=y", "-DCONFIG_UBSAN=y", *settings)
    assert log is None, zephyr.reason(log)
    return folder


def test_sample_hears_what_the_host_hears(build, integer_model_path, babble_wav):
    path, samples = babble_wav
    model = f'-DCONFIG_LIQUID_AUDIO_MODEL_FILE="{integer_model_path}"'
    folder = sanitized(build, "cmodule/zephyr/samples/keyword", "native-keyword", model)
    heard, counted = board_hears(run(folder, "-stop_at=11", f"-audio={path}"))
    host_heard, host_counters = host_hears(integer_model_path, samples)
    assert heard == host_heard
    assert counted == {name: host_counters.get(name, 0) for name in counted}
    assert not re.findall(r".*warning:.*", (folder / "build.log").read_text())


def test_firmware_with_a_public_key_takes_only_signed_models(build, integer_model_path, babble_wav, tmp_path):
    try:
        monocypher = sources.monocypher().folder
    except boards.FirmwareError as error:
        pytest.skip(str(error))
    private, public = key_pair()
    (tmp_path / "pub.pem").write_bytes(public)
    plain = integer_model_path.read_bytes()
    path, samples = babble_wav

    def says(model: bytes, minimum_version: int) -> str:
        (tmp_path / "model.lnn").write_bytes(model)
        folder = sanitized(
            build,
            "cmodule/zephyr/samples/keyword",
            "native-signed",
            f'-DCONFIG_LIQUID_AUDIO_MODEL_FILE="{tmp_path / "model.lnn"}"',
            f'-DCONFIG_LIQUID_AUDIO_PUBLIC_KEY_FILE="{tmp_path / "pub.pem"}"',
            f'-DCONFIG_LIQUID_AUDIO_MONOCYPHER_DIR="{monocypher}"',
            f"-DCONFIG_LIQUID_AUDIO_MINIMUM_MODEL_VERSION={minimum_version}",
        )
        assert not re.findall(r".*warning:.*", (folder / "build.log").read_text())
        return run(folder, "-stop_at=11", f"-audio={path}")

    assert board_hears(says(signature.sign(plain, private, 2), 2))[0] == host_hears(integer_model_path, samples)[0]
    assert "(MODEL_VERSION)" in says(signature.sign(plain, private, 2), 3)
    assert "(SIGNATURE)" in says(plain, 2)
    assert "(SIGNATURE)" in says(signature.sign(plain, key_pair()[0], 2), 2)


def test_ztest_suites(build):
    folder = sanitized(build, "cmodule/zephyr/tests/listening", "native-listening")
    text = run(folder, "-stop_at=60")
    assert "PROJECT EXECUTION SUCCESSFUL" in text, text


def test_copy_of_the_module_works_by_itself(build, root, integer_model_path, tmp_path):
    """Outside of the repository: no boards/, no host/."""
    shutil.copytree(root / "cmodule", tmp_path / "vendored", ignore=shutil.ignore_patterns("target", "*.pyc"))
    model = f'-DCONFIG_LIQUID_AUDIO_MODEL_FILE="{integer_model_path}"'
    # CMake alone: what is compiled is the same
    folder, log = build(
        "zephyr/samples/keyword",
        "native-copy",
        model,
        "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON",
        module=tmp_path / "vendored",
    )
    assert log is None, zephyr.reason(log)
    assert str(root / "cmodule") not in (folder / "compile_commands.json").read_text()
    assert "listening: " in run(folder, "-stop_at=1")


def test_a_kconfig_mistake_is_named(build):
    _, log = build("cmodule/zephyr/samples/keyword", "native-mistake", "-DCONFIG_LIQUID_AUDIO_NONSENSE=y")
    assert log is not None and zephyr.reason(log).endswith("to the undefined symbol LIQUID_AUDIO_NONSENSE")
    _, log = build("cmodule/zephyr/samples/keyword", "native-mistake", "-DCONFIG_LIQUID_AUDIO_MIC_CHANNELS=x")
    assert log is not None and "the value 'x' is invalid for LIQUID_AUDIO_MIC_CHANNELS" in zephyr.reason(log)


def test_checkpatch(workspace, root):
    """Zephyr's own check of C style."""
    script = workspace.zephyr / "scripts/checkpatch.pl"
    if shutil.which("perl") is None or not script.is_file():
        pytest.skip("perl or checkpatch.pl is missing")
    for file in sorted((root / "cmodule/zephyr").rglob("*.[ch]")):
        done = subprocess.run(
            ["perl", script, "--no-tree", "--no-summary", "-f", file],
            cwd=workspace.zephyr,
            text=True,
            capture_output=True,
        )
        assert done.returncode == 0, done.stdout
