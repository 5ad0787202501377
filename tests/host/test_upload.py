# SPDX-License-Identifier: MIT
"""Uploading over a board that lives in this process: its code is run here, its files are in a folder."""

import hashlib
import os
import sys
import types

import pytest
from cut_wire import LocalLink, LocalPort, Wire
from liquid_audio_nets.link import BoardError, LinkError, VerificationError, upload
from liquid_audio_nets.lnn import write
from liquid_audio_nets.native import LNN
from local_board import LocalBoard
from small_model import tiny_model

pytestmark = pytest.mark.usefixtures("firmware")


@pytest.fixture
def destination(tmp_path) -> str:
    return f"{tmp_path}/models/keywords.lnn"


def test_file_arrives_and_equal_file_is_not_sent_again(destination, model_bytes):
    sent = []
    assert upload(LocalBoard(), model_bytes, destination, sent.append).sent_bytes == len(model_bytes)
    assert open(destination, "rb").read() == model_bytes
    assert sent == sorted(sent) and sent[-1] == len(model_bytes)
    again = LocalBoard()
    assert upload(again, model_bytes, destination).unchanged
    assert again.calls <= 5
    assert os.listdir(os.path.dirname(destination)) == ["keywords.lnn"]


@pytest.mark.parametrize("run_the_last", [False, True])
def test_old_model_survives_a_cut_after_every_call(destination, model, model_bytes, run_the_last):
    model.readout.b[0] += 1
    newer = write(model)
    counting = LocalBoard()
    upload(LocalBoard(), model_bytes, destination)
    upload(counting, newer, destination)
    for calls in range(counting.calls):
        with open(destination, "wb") as f:
            f.write(model_bytes)
        with pytest.raises(LinkError):
            upload(LocalBoard(calls, run_the_last), newer, destination)
        there = open(destination, "rb").read()
        renamed = calls == counting.calls - 1 and run_the_last
        assert there == (newer if renamed else model_bytes), f"cut after {calls} calls"
        LNN(there)
    upload(LocalBoard(), newer, destination)
    assert open(destination, "rb").read() == newer
    assert os.listdir(os.path.dirname(destination)) == ["keywords.lnn"], "what the cuts left is cleared away"


def test_damage_on_the_way_is_seen(destination, model_bytes):
    class Damaging(LocalBoard):
        def exec(self, code):
            return super().exec(code.replace("a2b_base64('", "a2b_base64('AAAA", 1) if "_file.write" in code else code)

    upload(LocalBoard(), model_bytes, destination)
    newer = model_bytes[:-1] + b"?"
    with pytest.raises(VerificationError, match="damaged on its way"):
        upload(Damaging(), newer, destination)
    assert open(destination, "rb").read() == model_bytes
    assert os.listdir(os.path.dirname(destination)) == ["keywords.lnn"]


def test_a_model_that_the_board_cannot_open_is_not_installed(destination, model_bytes):
    upload(LocalBoard(), model_bytes, destination)
    broken = bytearray(model_bytes)
    broken[200] ^= 1
    with pytest.raises(VerificationError, match=r"cannot open the model.*checksum"):
        upload(LocalBoard(), bytes(broken), destination)
    assert hashlib.sha256(open(destination, "rb").read()).digest() == hashlib.sha256(model_bytes).digest()


def test_no_room(destination, model_bytes, monkeypatch):
    board = LocalBoard()
    monkeypatch.setattr(os, "statvfs", lambda path: (512, 512, 100, 4, 4))
    with pytest.raises(BoardError, match=r"no room in .* bytes are needed, 2048 are free"):
        upload(board, model_bytes, destination)
    assert os.listdir(os.path.dirname(destination)) == []


def test_no_memory(destination, model_bytes, firmware):
    def load(path):
        raise MemoryError("memory allocation failed")

    firmware.LNN = types.SimpleNamespace(load=load)
    with pytest.raises(BoardError, match="does not fit into the board's memory"):
        upload(LocalBoard(), model_bytes, destination)


def test_firmware_without_the_module(destination, model_bytes, monkeypatch):
    monkeypatch.setitem(sys.modules, "liquid_audio", None)
    with pytest.raises(BoardError, match="no liquid_audio module"):
        upload(LocalBoard(), model_bytes, destination)


def test_read_only_file_system(destination, model_bytes, monkeypatch):
    def refuse(*_):
        raise OSError(30, "EROFS")

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(BoardError, match="could not write: OSError"):
        upload(LocalBoard(), model_bytes, destination)


def test_nonsense_from_the_board(destination, model_bytes):
    class Babbling(LocalBoard):
        def exec(self, code):
            return super().exec(code) + "boot noise("

    with pytest.raises(VerificationError, match="unreadable"):
        upload(Babbling(), model_bytes, destination)


@pytest.mark.long
def test_old_model_survives_a_cut_at_every_byte(destination):
    """mpremote's own protocol on a wire that breaks. What a cut leaves behind is cleared away by the next upload."""
    old, new = (write(tiny_model(seed)) for seed in (1, 2))

    def send(data: bytes, cut_after: int = 1 << 30) -> int:
        link = LocalLink(LocalPort())
        wire = Wire(link._board.serial, cut_after)
        try:
            upload(link, data, destination)
        except LinkError:
            assert wire.bytes_left == 0
        return wire.sent

    send(old)
    length = send(new)
    assert length > len(new) * 4 // 3
    for cut in range(length):
        with open(destination, "wb") as file:
            file.write(old)
        assert send(new, cut) == cut
        with open(destination, "rb") as file:
            assert file.read() == old, f"cut after {cut} of {length} bytes"
        if cut % 500 == 0:
            send(new)
            with open(destination, "rb") as file:
                assert file.read() == new
            assert os.listdir(os.path.dirname(destination)) == ["keywords.lnn"]
