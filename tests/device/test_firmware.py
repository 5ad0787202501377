# SPDX-License-Identifier: MIT
"""A virtual board behaves like any MicroPython board: files, runs, resets, interrupts, on every core."""

import dataclasses
import hashlib
import os
import signal
import subprocess
import sys
import time

import pytest
from liquid_audio_nets import board as boards
from liquid_audio_nets import link
from virtual_board import MODEL, Machine


def test_files(m4f, tmp_path):
    data = os.urandom(20000)
    (tmp_path / "r.bin").write_bytes(data)
    m4f.mpremote("cp", tmp_path / "r.bin", ":/r.bin")
    assert "20000 r.bin" in m4f.mpremote("ls", ":/")
    assert hashlib.sha256(data).hexdigest() in m4f.mpremote("sha256sum", ":/r.bin")
    m4f.mpremote("cp", ":/r.bin", tmp_path / "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == data
    assert "2097152" in m4f.mpremote("df")
    m4f.mpremote("rm", ":/r.bin")


def test_files_survive_a_soft_reset(m4f):
    m4f.mpremote("exec", "open('/keep.txt', 'w').write('x')")
    assert "keep.txt" in m4f.mpremote("soft-reset", "ls", ":/")
    m4f.mpremote("rm", ":/keep.txt")


def test_files_survive_a_stop_and_the_audio_does_not(m4f, tmp_path, speech):
    machine = Machine(dataclasses.replace(m4f.board, running_in=tmp_path)).start(audio=speech[0])
    try:
        machine.send(MODEL.read_bytes())
        machine.exec("import liquid_audio; liquid_audio.Mic()")
        machine.stop()
        machine.start()
        assert hashlib.sha256(MODEL.read_bytes()).hexdigest() in machine.mpremote("sha256sum", ":/models/keywords.lnn")
        with pytest.raises(link.RemoteError, match="no audio"):
            machine.exec("import liquid_audio; liquid_audio.Mic()")
        assert boards.start(machine.board, speech[0]) == machine.port  # it runs, and hears from now on
        machine.exec("liquid_audio.Mic()")
        assert boards.start(machine.board) == machine.port
        machine.exec("liquid_audio.Mic()")
    finally:
        machine.stop()


def test_a_running_program_is_interrupted(m4f):
    m4f.release()
    busy = subprocess.Popen([sys.executable, "-m", "mpremote", "connect", m4f.port, "exec", "while True: pass"])
    time.sleep(1)
    busy.send_signal(signal.SIGTERM)
    busy.wait(timeout=10)
    assert m4f.mpremote("exec", "print('alive')").strip().endswith("alive")


def test_a_program_that_prints_without_end_is_interrupted(m4f):
    m4f.release()
    busy = subprocess.Popen(
        [sys.executable, "-m", "mpremote", "connect", m4f.port, "exec", "while True: print('x' * 99)"],
        stdout=subprocess.DEVNULL,
    )
    time.sleep(1)
    busy.kill()
    busy.wait(timeout=10)
    assert m4f.mpremote("exec", "print('alive')").strip().endswith("alive")


def test_time_passes_in_sleep_without_work(m4f):
    us, work = eval(
        m4f.exec(
            "import time, liquid_audio\na, w = time.ticks_us(), liquid_audio.clock()\ntime.sleep(2)\n"
            "print((time.ticks_diff(time.ticks_us(), a), liquid_audio.clock() - w))"
        )
    )
    assert 2_000_000 <= us < 2_001_000
    assert work < 10_000


def test_work_is_exact(m4f):
    m4f.exec(
        "import liquid_audio\ndef work(n):\n    a = liquid_audio.clock()\n    for i in range(n): pass\n"
        "    return liquid_audio.clock() - a\nwork(1)"
    )
    counts = {m4f.exec("print(work(1000))") for _ in range(5)}
    spread = [int(c) for c in counts]
    assert max(spread) - min(spread) <= 64, spread  # where the tick of 1.25 instructions falls, and the console


@pytest.mark.parametrize("name", ["qemu_m4f", "qemu_m7", "qemu_m3"])
def test_the_model_gives_the_same_on_every_core(start_machine, name):
    machine = start_machine(name)
    machine.send(MODEL.read_bytes())
    assert (
        float(
            machine.exec(
                "import liquid_audio\nnet = liquid_audio.LNN.load('/models/keywords.lnn')\nprint(net.selftest())"
            )
        )
        < 1e-3
    )


def test_one_program_at_a_time(m4f):
    m4f.exec("1")
    with pytest.raises(link.LinkError, match="other programs"):
        link.open_link(m4f.port)


def test_no_board():
    with pytest.raises(link.LinkError):
        link.open_link("/dev/pts/99999")
