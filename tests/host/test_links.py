# SPDX-License-Identifier: MIT
"""Both transports over a pty at whose other end a raw REPL runs the code in this process."""

import importlib.util
import io
import os
import pathlib
import pty
import select
import threading
import traceback
import tty
import types
from contextlib import redirect_stdout

import pytest
from liquid_audio_nets import devices as boards
from liquid_audio_nets.link import LinkError, RemoteError, find_port, open_link, ports, send
from local_board import LocalBoard

TRANSPORTS = [
    "mpremote",
    pytest.param(
        "ampy", marks=pytest.mark.skipif(not importlib.util.find_spec("ampy"), reason="ampy is not installed")
    ),
]


class RawRepl(threading.Thread):
    """MicroPython's raw REPL (control A, code, control D) without raw paste.  `silent`: answers nothing more."""

    def __init__(self):
        super().__init__(daemon=True)
        self.ours, theirs = pty.openpty()
        tty.setraw(self.ours), tty.setraw(theirs)
        self.theirs, self.port = theirs, os.ttyname(theirs)
        self.names, self.silent, self.over, self.code = {}, False, False, b""
        self.start()

    def say(self, data: bytes) -> None:
        if not self.silent:
            os.write(self.ours, data)

    def run(self) -> None:
        while not self.over:
            if select.select([self.ours], [], [], 0.05)[0]:
                self.take(os.read(self.ours, 1))

    def take(self, byte: bytes) -> None:
        if byte == b"\x01":
            self.say(b"\r\nraw REPL; CTRL-B to exit\r\n>")
        elif byte == b"\x04" and not self.code:
            self.say(b"OK\r\nMPY: soft reboot\r\nraw REPL; CTRL-B to exit\r\n>")
        elif byte == b"\x04":
            self.execute()
        elif byte == b"\x05":
            os.read(self.ours, 2)
            self.say(b"R\x00")  # no raw paste here
        elif byte not in b"\r\x02\x03" or self.code:
            self.code += byte
        if byte == b"\x03":
            self.code = b""

    def execute(self) -> None:
        code, self.code = self.code, b""
        printed, error = io.StringIO(), ""
        try:
            with redirect_stdout(printed):
                exec(code.decode(), self.names)
        except Exception:
            error = traceback.format_exc()
        self.say(b"OK" + printed.getvalue().encode() + b"\x04" + error.encode() + b"\x04>")

    def close(self) -> None:
        self.over = True
        self.join()  # before its file descriptors mean something else
        os.close(self.ours)
        os.close(self.theirs)


@pytest.fixture
def board():
    board = RawRepl()
    yield board
    board.close()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_code_runs_and_names_stay(board, transport):
    link = open_link(board.port, transport)
    assert link.port == board.port
    assert link.exec("x = 6\nprint('one')") == "one\n"
    assert link.exec("print(x * 7)") == "42\n"
    with pytest.raises(RemoteError) as caught:
        link.exec("x / 0")
    assert caught.value.last_line == "ZeroDivisionError: division by zero"
    assert link.exec("print(x)") == "6\n"
    link.close()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_no_such_port(transport):
    with pytest.raises(LinkError, match="cannot open /dev/nothing"):
        open_link("/dev/nothing", transport)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_board_that_falls_silent(board, transport, monkeypatch):
    from liquid_audio_nets.link import raw_repl

    monkeypatch.setattr(raw_repl, "SILENCE_S", 1)
    link = open_link(board.port, transport)
    board.silent = True
    with pytest.raises(LinkError, match="was lost"):
        link.exec("print(1)")


def ports_are(monkeypatch, *found):
    made = [types.SimpleNamespace(device=device, vid=vid) for device, vid in found]
    monkeypatch.setattr(ports.list_ports, "comports", lambda: made)


def test_auto_takes_the_one_usb_port(monkeypatch):
    ports_are(monkeypatch, ("/dev/ttyS0", None), ("/dev/ttyACM0", 0xF055))
    assert find_port() == "/dev/ttyACM0"
    assert find_port("/dev/ttyS0") == "/dev/ttyS0"


def test_auto_wants_exactly_one(monkeypatch):
    ports_are(monkeypatch, ("/dev/ttyS0", None))
    with pytest.raises(LinkError, match="no board found"):
        find_port()
    ports_are(monkeypatch, ("/dev/ttyACM1", 1), ("/dev/ttyACM0", 1))
    with pytest.raises(LinkError, match=r"several boards found .*/dev/ttyACM0, /dev/ttyACM1"):
        find_port()


def test_auto_finds_running_virtual_boards(monkeypatch):
    ports_are(monkeypatch, ("/dev/ttyS0", None))
    virtual = [types.SimpleNamespace(is_virtual=True), types.SimpleNamespace(is_virtual=False)]
    monkeypatch.setattr(boards.board, "all_boards", lambda: virtual)
    monkeypatch.setattr(boards.board, "running", lambda board: "/dev/pts/7" if board.is_virtual else 1 / 0)
    assert boards.virtual_ports() == ["/dev/pts/7"] and find_port("auto", boards.virtual_ports()) == "/dev/pts/7"
    ports_are(monkeypatch, ("/dev/ttyACM0", 0xF055))
    with pytest.raises(LinkError, match=r"several boards found .*/dev/ttyACM0, /dev/pts/7"):
        find_port("auto", boards.virtual_ports())


def test_auto_without_board_folders(monkeypatch):
    def nowhere():
        raise boards.board.FirmwareError("no boards/ here")

    monkeypatch.setattr(boards.board, "all_boards", nowhere)
    assert boards.virtual_ports() == []


def test_there_is_one_sender_and_one_receiver():
    package = pathlib.Path(boards.__file__).parent
    encoding = [p.name for p in package.rglob("*.py") if "b2a_base64" in p.read_text() or "b64encode" in p.read_text()]
    # The monitor's board sends its sound while it listens, which is no transfer of a file.
    assert sorted(encoding) == ["on_board.py", "receiver.py", "sender.py"]


@pytest.mark.parametrize("n_bytes", [0, 1, 9, 10, 11])
def test_pieces_arrive_in_order_and_progress_is_told(n_bytes):
    data, told, board = bytes(range(n_bytes)), [], LocalBoard()
    board.exec(f"got, kept = bytearray({n_bytes}), []")
    send(board, data, "got[{at}:{end}] = {piece}", 10, told.append)
    send(board, data, "kept.append({piece})", 10)
    assert bytes(board.names["got"]) == b"".join(board.names["kept"]) == data
    assert told == [min(at + 10, n_bytes) for at in range(0, n_bytes, 10)]
