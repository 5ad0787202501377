# SPDX-License-Identifier: MIT
"""An upload onto littlefs that ends in the middle: the old model or the new one is there afterwards, never neither."""

import dataclasses
import os
import random
import signal
import threading
import time

import pytest
from cut_wire import Wire
from liquid_audio_nets import board as boards
from liquid_audio_nets import link
from liquid_audio_nets.board import machine
from liquid_audio_nets.lnn import write
from small_model import tiny_integer_model
from virtual_board import Machine

POWER = """
import gc, hashlib, os, vfs
import liquid_audio

class Flash:
    # Loses its power after so many writes and erasures; the last of them is done by half.
    def __init__(self, image, left):
        self.image, self.left, self.count = image, left, 0
    def readblocks(self, block, buffer, offset=0):
        at = block * 512 + offset
        buffer[:] = self.image[at : at + len(buffer)]
    def writeblocks(self, block, buffer, offset=0):
        self.change(block * 512 + offset, buffer)
    def ioctl(self, operation, block):
        if operation == 6:
            self.change(block * 512, b"\\xff" * 512)
        return {4: len(self.image) // 512, 5: 512}.get(operation, 0)
    def change(self, at, data):
        self.count += 1
        if self.count > self.left + torn:
            raise OSError(5)
        n = len(data) if self.count <= self.left else len(data) // 2
        self.image[at : at + n] = data[:n]

def run(flash, codes):
    # What liquid-upload runs on the board, until the power is gone.
    vfs.mount(vfs.VfsLfs2(flash, progsize=progsize, readsize=progsize), "/cut")
    names = {"print": lambda *words: None}
    try:
        for code in codes:
            exec(code, names)
    except OSError:
        pass
    vfs.umount("/cut")

def digest():
    with open("/cut/m.lnn", "rb") as file:
        return hashlib.sha256(file.read()).digest()

def look(image, codes):
    # After the power is back: the digest of what loads, and whether a whole upload then leaves the new model alone there.
    vfs.mount(vfs.VfsLfs2(Flash(image, 1 << 29), progsize=progsize, readsize=progsize), "/cut")
    found = digest()
    liquid_audio.LNN.load("/cut/m.lnn").deinit()
    vfs.umount("/cut")
    run(Flash(image, 1 << 29), codes)
    vfs.mount(vfs.VfsLfs2(Flash(image, 1 << 29), progsize=progsize, readsize=progsize), "/cut")
    files, after = os.listdir("/cut"), digest()
    vfs.umount("/cut")
    return found, files == ["m.lnn"] and after == new_digest

def cut_everywhere(codes):
    flash = Flash(bytearray(image), 1 << 29)
    run(flash, codes)
    found = []
    for left in range(flash.count + 1):
        cut = Flash(bytearray(image), left)
        run(cut, codes)
        gc.collect()
        before, is_whole = look(cut.image, codes)
        found.append((before == old_digest, before == new_digest, is_whole))
    return found
"""


class Recording:
    """A link that keeps what it runs."""

    def __init__(self, machine):
        self.machine, self.port, self.codes = machine, machine.port, []

    def exec(self, code: str) -> str:
        self.codes.append(code)
        return self.machine.exec(code)


@pytest.fixture(scope="module")
def tiny() -> tuple[bytes, bytes]:
    return write(tiny_integer_model(1)), write(tiny_integer_model(2))


@pytest.mark.long
@pytest.mark.parametrize("torn", [False, True])
@pytest.mark.parametrize("progsize", [32, 256])
def test_power_fails_at_every_write(m4f, tiny, progsize, torn):
    """liquid-upload's own code on a littlefs in RAM. torn: the write in which the power fails is done by half."""
    old, new = tiny
    m4f.exec(f"progsize, torn = {progsize}, {int(torn)}\n{POWER}")
    m4f.exec(
        "flash = Flash(bytearray(32 * 1024), 1 << 29)\nvfs.VfsLfs2.mkfs(flash, progsize=progsize, readsize=progsize)\n"
        'vfs.mount(vfs.VfsLfs2(flash, progsize=progsize, readsize=progsize), "/cut")'
    )
    link.upload(m4f.link(), old, "/cut/m.lnn")
    m4f.exec("image, old_digest = bytes(flash.image), digest()")
    recording = Recording(m4f)
    link.upload(recording, new, "/cut/m.lnn")
    m4f.exec("new_digest = digest()\nvfs.umount('/cut')\ncodes = []")
    for code in recording.codes:
        m4f.exec(f"codes.append({code!r})")
    # the lines before are of files that were open: the collector closes them, without power and without memory
    found = eval(m4f.exec("print(cut_everywhere(codes))").splitlines()[-1])
    assert len(found) > 10
    for left, (is_old, is_new, is_whole) in enumerate(found):
        assert (is_old or is_new) and is_whole, f"power lost after {left} of {len(found) - 1} writes"
    assert found[0][0] and found[-1][1]


@pytest.mark.long
def test_the_wire_breaks(m4f, tiny):
    """tests/host/test_upload.py breaks it at every byte; here at some, with littlefs behind it."""
    old, new = tiny
    m4f.release()
    port = link.open_link(m4f.port)
    link.upload(port, old, "/cut.lnn")
    wire = Wire(port._board.serial)
    link.upload(port, new, "/cut.lnn")
    length = wire.sent
    port.close()
    rng = random.Random(3)
    for cut in (*sorted(rng.sample(range(length), 20)), length - 1):
        port = link.open_link(m4f.port)
        link.upload(port, old, "/cut.lnn")
        Wire(port._board.serial, cut)
        with pytest.raises(link.LinkError):
            link.upload(port, new, "/cut.lnn")
        port._board.serial.close()
        assert m4f.exec("print(open('/cut.lnn', 'rb').read())").strip() == repr(old), f"cut after {cut} bytes"
        m4f.exec("import liquid_audio\nliquid_audio.LNN.load('/cut.lnn')")
        m4f.release()
    m4f.send(new, "/cut.lnn")
    m4f.exec("import os\nos.remove('/cut.lnn')")


@pytest.mark.long
def test_the_plug_is_pulled(tmp_path, tiny):
    """The whole board ends in the middle of an upload; its disk is what it had written so far."""
    board = dataclasses.replace(boards.find_board("qemu_m4f"), running_in=tmp_path)
    boards.build(board)
    models, rng, there = list(tiny), random.Random(5), None
    for _ in range(8):
        player = Machine(board).start()
        if there:
            text = player.exec(
                "print(open('/m.lnn', 'rb').read())\nimport liquid_audio\nliquid_audio.LNN.load('/m.lnn')"
            )
            assert eval(text) in models
        player.send(models[0], "/m.lnn")
        sending = threading.Thread(target=quietly, args=(player, models[1]))
        sending.start()
        time.sleep(rng.uniform(0.0, 0.6))
        os.kill(machine.state(board)["pid"], signal.SIGKILL)
        sending.join()
        machine.stop(board)
        there = True


def quietly(player: Machine, data: bytes) -> None:
    try:
        player.send(data, "/m.lnn")
    except link.LinkError:
        pass
