# SPDX-License-Identifier: MIT
"""The programs that people use with a board work with a virtual board, too."""

import contextlib
import functools
import http.server
import os
import subprocess
import sys
import threading
import time

import pytest
import serial


@pytest.fixture
def board(m4f):
    """Free for another program, with a file on it."""
    m4f.exec("with open('/kept.txt', 'w') as file: file.write('kept')")
    m4f.release()
    return m4f


def run(*words, timeout_s=60, **options) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        stdin=subprocess.DEVNULL,
        **options,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_reset_keeps_files_qemu_and_port(board):
    state = (board.board.run_dir / "state.json").read_text()
    for _ in range(2):
        board.exec("from_before = 1")
        board.mpremote("reset")
        assert board.exec("import os\nprint('from_before' in globals(), os.listdir('/'))").startswith("False")
    assert board.exec("print(open('/kept.txt').read())").strip() == "kept"
    assert (board.board.run_dir / "state.json").read_text() == state


def test_mip_installs_into_lib(board, tmp_path):
    (tmp_path / "from_mip.py").write_text("answer = 42\n")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        board.mpremote("mip", "install", f"http://127.0.0.1:{server.server_port}/from_mip.py")
        server.shutdown()
    assert board.exec("import from_mip\nprint(from_mip.__file__, from_mip.answer)").split() == [
        "/lib/from_mip.py",
        "42",
    ]


def test_mount(board, tmp_path):
    (tmp_path / "on_host.py").write_text("print('imported from the host')\n")
    assert "imported from the host" in board.mpremote("mount", tmp_path, "exec", "import on_host")
    board.mpremote("mount", tmp_path, "exec", "open('result.bin', 'wb').write(bytes(range(256)))")
    assert (tmp_path / "result.bin").read_bytes() == bytes(range(256))


def test_the_clock_is_the_hosts_until_it_is_set(board):
    assert abs(int(board.exec("import time\nprint(time.time())")) - time.time()) < 30
    set_to = board.exec(
        "from machine import RTC\nRTC().datetime((2031, 2, 3, 0, 4, 5, 6, 0))\ntime.sleep(2)\n"
        "print(RTC().datetime()[:7], time.localtime()[:6])"
    )
    assert set_to.strip() == "(2031, 2, 3, 0, 4, 5, 8) (2031, 2, 3, 4, 5, 8)"
    board.mpremote("rtc", "--set")
    assert board.mpremote("rtc").startswith(f"({time.localtime().tm_year}, ")


def test_uname_names_the_machine(board):
    assert "mps2-an386 with Cortex-M4F" in board.exec("import os\nprint(os.uname().machine)")


def test_typed_characters_that_are_not_ascii_arrive(board):
    with serial.Serial(board.port, timeout=10) as port:
        port.write(b"\r\x03\x03")
        time.sleep(0.3)
        port.reset_input_buffer()
        port.write("len('grün → 静')\r".encode())
        assert port.read_until(b"\r\n>>> ").decode().split("\r\n")[-2] == "8"


def test_ampy(board):
    pytest.importorskip("ampy")
    assert "/kept.txt" in run("-m", "ampy.cli", "-p", board.port, "ls")


def test_rshell(board):
    pytest.importorskip("rshell")
    said = run("-c", "from rshell.main import main; main()", "-p", board.port, "cat", "/pyboard/kept.txt")
    assert "kept" in said and "Setting time" in said


def test_mpfshell(board):
    pytest.importorskip("mp")
    said = run(
        "-c",
        "from mp.mpfshell import main; main()",
        "-n",
        "--nocolor",
        "-c",
        f"open {board.port.removeprefix('/dev/')}; ls; exec print(6 * 7)",
    )
    assert "Connected to qemu" in said and "kept.txt" in said and "42" in said


def test_the_back_end_of_thonny(board, tmp_path):
    """As Thonny starts it: connects, restarts the interpreter, sets the clock; then runs a program and looks at the disk."""
    common = pytest.importorskip("thonny.common")
    arguments = {
        "clean": True,
        "port": board.port,
        "dtr": None,
        "rts": None,
        "submit_mode": None,
        "interrupt_on_connect": True,
        "write_block_size": None,
        "write_block_delay": None,
        "proxy_class": "GenericBareMetalMicroPythonProxy",
        "sync_time": True,
        "local_rtc": True,
        "utc_clock": False,
        "validate_time": True,
    }
    back_end = subprocess.Popen(
        [sys.executable, "-m", "thonny.plugins.micropython.bare_metal_backend", repr(arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"THONNY_USER_DIR": str(tmp_path)},
    )
    killed = threading.Timer(60, back_end.kill)
    killed.start()

    def until(event: str) -> str:
        """What it says up to this event."""
        said = ""
        for line in back_end.stdout:
            said += line
            if event in line:
                return said
        raise AssertionError(said)

    def send(command) -> None:
        back_end.stdin.write(common.serialize_message(command) + "\n")
        back_end.stdin.flush()

    try:
        started = until("ToplevelResponse")
        assert "mps2-an386 with Cortex-M4F" in started and "WARNING" not in started
        send(common.ToplevelCommand("execute_source", source="print(6 * 7)\n", id=1))
        assert "data='42" in until("command_id=1")
        send(common.InlineCommand("get_fs_info", path="/", id=2))
        assert "total=2097152" in until("command_id=2")
    finally:
        killed.cancel()
        back_end.terminate()
        with contextlib.suppress(BrokenPipeError):
            back_end.stdin.close()
        back_end.wait(timeout=10)
        board.exec("1")  # the port is free again
