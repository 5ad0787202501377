# SPDX-License-Identifier: MIT
"""Firmware with a public key baked in: a signed model runs, others are refused by name, and the old one goes on."""

import binascii
import dataclasses

import pytest
from keys import key_pair
from liquid_audio_nets import board as boards
from liquid_audio_nets.link import RemoteError
from liquid_audio_nets.link.errors import VerificationError
from liquid_audio_nets.lnn import signature
from liquid_audio_nets.lnn.writer import with_crc
from virtual_board import MODEL, Machine, liquid_board

NEW = "liquid_audio.LNN.load('/models/new.lnn')"


@pytest.fixture(scope="module")
def keys():
    return key_pair()


@pytest.fixture(scope="module")
def trusting(keys, tmp_path_factory):
    """qemu_m4f, built beside the usual firmware for models of version 2 or newer, with one in /models."""
    folder = tmp_path_factory.mktemp("signed")
    (folder / "pub.pem").write_bytes(keys[1])
    board = dataclasses.replace(boards.find_board("qemu_m4f"), name="qemu_m4f_signed", running_in=folder)
    boards.build(board, trust=boards.Trust(folder / "pub.pem", 2))
    machine = Machine(board).start()
    machine.send(signature.sign(MODEL.read_bytes(), keys[0], 2))
    machine.exec("import liquid_audio\nnet = liquid_audio.LNN.load('/models/keywords.lnn')\n")
    yield machine
    machine.stop()


def put(machine: Machine, data: bytes, path: str) -> None:
    """Writes a file without liquid-upload's checks, and without the reset that mpremote brings."""
    machine.exec(f"import binascii\nfile = open({path!r}, 'wb')\n")
    for at in range(0, len(data), 3000):
        machine.exec(f"file.write(binascii.a2b_base64({binascii.b2a_base64(data[at : at + 3000])!r}))\n")
    machine.exec("file.close()\n")


@pytest.mark.long
def test_refused_models_are_named_and_the_old_one_goes_on(trusting, keys):
    assert trusting.exec("print(net.model_version, net.selftest() < 1e-3)").split() == ["2", "True"]
    heard = "net.reset()\nprint(net.process(bytes(range(256)) * 20).scores)\n"
    before = trusting.exec(heard)
    newer = signature.sign(MODEL.read_bytes(), keys[0], 3)
    for data, name in (
        (MODEL.read_bytes(), "SIGNATURE: the model is not signed, or not with this key"),
        (with_crc(newer[:5000] + bytes([newer[5000] ^ 1]) + newer[5001:]), "SIGNATURE"),
        (signature.sign(MODEL.read_bytes(), key_pair()[0], 3), "SIGNATURE"),
        (signature.sign(MODEL.read_bytes(), keys[0], 1), "MODEL_VERSION: the model is older than the version"),
    ):
        with pytest.raises(VerificationError, match=f"ValueError: {name}"):  # liquid-upload leaves the old file
            trusting.send(data)
        put(trusting, data, "/models/new.lnn")
        for load in (NEW, NEW.replace("'/models/new.lnn'", "open('/models/new.lnn', 'rb').read()")):
            with pytest.raises(RemoteError) as caught:
                trusting.exec(f"net = {load}\n")
            assert caught.value.last_line.startswith(f"ValueError: {name}")
            assert trusting.exec(heard) == before
    assert trusting.exec("print(liquid_audio.LNN.load('/models/keywords.lnn').model_version)").strip() == "2"
    trusting.send(newer, "/models/new.lnn")
    assert trusting.exec(f"net = {NEW}\nprint(net.model_version, net.selftest() < 1e-3)").split() == ["3", "True"]


def test_wrong_settings_are_one_sentence(tmp_path, keys):
    (tmp_path / "pub.pem").write_bytes(keys[1])
    done = liquid_board("build", "xiao_ble_sense", "--model", MODEL, "--public-key", tmp_path / "pub.pem")
    assert done.returncode == 4 and "SIGNATURE: the model is not signed" in done.stderr
    done = liquid_board("build", "qemu_m4f", "--minimum-version", 3)
    assert done.returncode == 2 and "--minimum-version needs --public-key" in done.stderr
    done = liquid_board("build", "qemu_m4f", "--public-key", tmp_path / "none.pem")
    assert done.returncode == 2 and "none.pem: no such file" in done.stderr


@pytest.mark.long
def test_a_wrong_key_is_named_before_anything_is_replaced(tmp_path):
    (tmp_path / "wrong.pem").write_text("no key\n")
    board = dataclasses.replace(boards.find_board("qemu_m4f"), name="qemu_m4f_wrong")
    with pytest.raises(boards.FirmwareError, match=r"wrong\.pem: it is no public key for Ed25519"):
        boards.build(board, trust=boards.Trust(tmp_path / "wrong.pem"))
    assert not board.firmware.exists()
