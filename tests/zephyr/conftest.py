# SPDX-License-Identifier: MIT
"""Zephyr firmware in QEMU and on Linux. A test that needs a west workspace is skipped, with the reason, if there is none."""

import contextlib
import dataclasses
import fcntl
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest
from keys import key_pair
from liquid_audio_nets import board as boards
from liquid_audio_nets.audio import write_wav
from liquid_audio_nets.board import machine, zephyr
from liquid_audio_nets.board.places import build_dir
from liquid_audio_nets.lnn import signature
from virtual_board import MODEL, Machine

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.zephyr)


def pytest_terminal_summary(terminalreporter):
    """Names what was skipped here: pytest counts it."""
    reasons = {}
    for report in terminalreporter.stats.get("skipped", ()):
        if report.nodeid.startswith("tests/zephyr/"):
            reasons.setdefault(report.longrepr[2], []).append(report.nodeid.rpartition("::")[2])
    for reason, names in reasons.items():
        terminalreporter.write_line(f"{reason}: {', '.join(names)}")


@pytest.fixture(scope="session")
def workspace() -> zephyr.Workspace:
    try:
        zephyr.environment(boards.find_board("mps2_an386"))
        return zephyr.workspace()
    except boards.FirmwareError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def build_app(workspace):
    """build_app(board, application folder, model) -> ELF file, built with west in build/."""

    def build(board: boards.Board, app: str, model: pathlib.Path | None = None) -> pathlib.Path:
        need_tools(board)
        folder = (
            build_dir() / "zephyr" / "-".join([pathlib.Path(app).name, board.name, *([model.stem] if model else [])])
        )
        folder.parent.mkdir(parents=True, exist_ok=True)
        words = [
            *(workspace.west, "build", "-p", "auto", "-b", board.about["zephyr"]["board"], "-d", folder),
            *(ROOT / "cmodule/zephyr" / app, "--", *zephyr.settings(board, model)),
        ]
        with folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # another run of the tests may be building it
            log = zephyr.build_in(folder, list(map(str, words)), workspace, zephyr.environment(board))
        assert log is None, zephyr.reason(log)
        return folder / "zephyr" / "zephyr.elf"

    return build


def run_until(board: boards.Board, elf: pathlib.Path, until: str, audio=None, options=(), timeout_s=120) -> str:
    """Runs firmware until a line matches; returns all that it printed.  options: more of QEMU's."""
    sound = f",arg=firmware,arg={audio}" if audio else ""
    command = [
        *machine.emulator(board),
        "-display",
        "none",
        "-monitor",
        "none",
        "-serial",
        "stdio",
        "-icount",
        "shift=5,sleep=off",
        "-semihosting-config",
        f"enable=on,target=native{sound}",
        "-kernel",
        str(elf),
        *options,
    ]
    process = subprocess.Popen(
        ["timeout", str(timeout_s), *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    lines = []
    try:
        for line in process.stdout:
            lines.append(line)
            if re.search(until, line):
                return "".join(lines)
    finally:
        process.terminate()
        process.wait()
    raise AssertionError(f"no line like {until!r} in:\n" + "".join(lines))


class ZephyrMachine(Machine):
    """A virtual board with Zephyr and MicroPython.

    Its time is its instructions' time, whatever the host is doing; so its idling would fill a core, and it stands still
    while nobody speaks to it.
    """

    def __init__(self, board: boards.Board):
        about = board.about | {"qemu": board.about["qemu"] | {"icount": machine.CLOCK}}
        super().__init__(dataclasses.replace(board, about=about))

    def start(self, audio=None):
        super().start(audio)
        self._signal(signal.SIGSTOP)
        return self

    def exec(self, code: str) -> str:
        with self._awake():
            return super().exec(code)

    def send(self, *data) -> None:
        with self._awake():
            super().send(*data)

    def mpremote(self, *words, **how) -> str:
        with self._awake():
            return super().mpremote(*words, **how)

    def stop(self):
        with self._awake():
            super().stop()

    @contextlib.contextmanager
    def _awake(self):
        self._signal(signal.SIGCONT)
        try:
            yield
        finally:
            self._signal(signal.SIGSTOP)

    def _signal(self, number: int):
        if found := machine.state(self.board):
            os.kill(found["pid"], number)


@pytest.fixture(scope="session")
def m4f(workspace, tmp_path_factory):
    """MicroPython with liquid_audio on the virtual Cortex-M4F, the keyword model in its firmware."""
    board = dataclasses.replace(boards.find_board("mps2_an386"), running_in=tmp_path_factory.mktemp("mps2_an386"))
    yield from started(board)


@pytest.fixture(scope="session")
def trusting_m4f(workspace, tmp_path_factory):
    """As m4f, but its firmware takes models of version 2 or newer only, signed with the key; and that private key."""
    (private, public), folder = key_pair(), tmp_path_factory.mktemp("mps2_an386_signed")
    (folder / "pub.pem").write_bytes(public)
    (folder / "signed.lnn").write_bytes(signature.sign(MODEL.read_bytes(), private, 2))
    board = dataclasses.replace(boards.find_board("mps2_an386"), name="mps2_an386_signed", running_in=folder)
    for player in started(board, folder / "signed.lnn", boards.Trust(folder / "pub.pem", 2)):
        yield player, private


@pytest.fixture(scope="session")
def bare_m3(workspace, tmp_path_factory):
    """The same on a Cortex-M3 that has no microphone and no file system."""
    board = boards.find_board("mps2_an385")
    about = board.about["zephyr"] | {"settings": [f"-DEXTRA_DTC_OVERLAY_FILE={HERE / 'bare.overlay'}"]}
    yield from started(
        dataclasses.replace(
            board,
            name="mps2_an385_bare",
            about=board.about | {"zephyr": about},
            running_in=tmp_path_factory.mktemp("mps2_an385"),
        )
    )


@pytest.fixture(scope="session", params=["mps2_an521", "mps3_an547", "qemu_riscv32"])
def other(request, workspace, tmp_path_factory):
    """MicroPython with liquid_audio on the other machines that have the RAM for it."""
    board = dataclasses.replace(boards.find_board(request.param), running_in=tmp_path_factory.mktemp(request.param))
    need_tools(board)
    yield from started(board)


def need_tools(board: boards.Board):
    """Skips where the board's compiler or emulator is not at hand."""
    for tool in (f"{board.about['zephyr'].get('toolchain', zephyr.ARM)}-gcc", machine.emulator(board)[0]):
        if shutil.which(tool) is None:
            pytest.skip(f"the workspace's compilers and emulators lack {tool}")


def started(board: boards.Board, model=MODEL, trust: boards.Trust | None = None):
    """A machine with this board's firmware, a model baked in, for a fixture to yield from."""
    try:
        zephyr.check_prompt(board, zephyr.workspace())
    except boards.FirmwareError as error:
        pytest.skip(str(error))
    boards.build(board, model=model, trust=trust)
    player = ZephyrMachine(board).start()
    yield player
    player.stop()


@pytest.fixture(scope="session")
def babble_wav(tmp_path_factory):
    """A wav of ten seconds that comes and goes, and its samples."""
    from small_model import babble

    samples = babble(10 * 16000, seed=5)
    path = tmp_path_factory.mktemp("sound") / "babble.wav"
    write_wav(path, samples)
    return path, samples


@pytest.fixture(scope="session")
def integer_model_path(tmp_path_factory):
    from liquid_audio_nets.lnn import save
    from small_model import integer_model

    # one path for all runs, so that firmware with this model baked in is up to date the next time
    path = build_dir() / "zephyr" / "integer.lnn"
    path.parent.mkdir(parents=True, exist_ok=True)
    new = tmp_path_factory.mktemp("model") / "integer.lnn"
    save(integer_model(seed=2), new)
    if not path.is_file() or path.read_bytes() != new.read_bytes():
        os.replace(new, path)
    return path


@pytest.fixture(scope="session")
def qemu_run():
    return run_until
