# SPDX-License-Identifier: MIT
"""Firmware with a public key baked in: a signed model runs, others are refused by name, and the old one goes on."""

import dataclasses

import pytest
from liquid_audio_nets import board as boards
from trust import refuses_what_it_does_not_trust
from virtual_board import MODEL, Machine, liquid_board


@pytest.fixture(scope="module")
def trusting(keys, tmp_path_factory):
    """qemu_m4f, built beside the usual firmware for models of version 2 or newer."""
    folder = tmp_path_factory.mktemp("signed")
    (folder / "pub.pem").write_bytes(keys[1])
    board = dataclasses.replace(boards.find_board("qemu_m4f"), name="qemu_m4f_signed", running_in=folder)
    boards.build(board, trust=boards.Trust(folder / "pub.pem", 2))
    machine = Machine(board).start()
    yield machine
    machine.stop()


@pytest.mark.long
def test_refused_models_are_named_and_the_old_one_goes_on(trusting, keys):
    refuses_what_it_does_not_trust(trusting, keys[0], "/models")


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
