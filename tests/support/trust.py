# SPDX-License-Identifier: MIT
"""What firmware with a public key and minimum version 2 does with models, wherever it runs."""

import binascii

import pytest
from keys import key_pair
from liquid_audio_nets.link import RemoteError
from liquid_audio_nets.link.errors import VerificationError
from liquid_audio_nets.lnn import signature
from liquid_audio_nets.lnn.writer import with_crc
from virtual_board import MODEL, Machine


def refuses_what_it_does_not_trust(machine: Machine, private_key: bytes, folder: str) -> None:
    """An unsigned, altered, strange or older model is refused by name, and the old one goes on working.

    folder: where the board keeps models.  Raises AssertionError."""
    old, new, model = f"{folder}/keywords.lnn", f"{folder}/new.lnn", MODEL.read_bytes()
    load_new = f"liquid_audio.LNN.load({new!r})"
    machine.send(signature.sign(model, private_key, 2), old)
    machine.exec(f"import liquid_audio\nnet = liquid_audio.LNN.load({old!r})\n")
    assert machine.exec("print(net.model_version, net.selftest() < 1e-3)").split() == ["2", "True"]
    heard = "net.reset()\nprint(net.process(bytes(range(256)) * 20).scores)\n"
    before = machine.exec(heard)
    newer = signature.sign(model, private_key, 3)
    for data, name in (
        (model, "SIGNATURE: the model is not signed, or not with this key"),
        (with_crc(newer[:5000] + bytes([newer[5000] ^ 1]) + newer[5001:]), "SIGNATURE"),
        (signature.sign(model, key_pair()[0], 3), "SIGNATURE"),
        (signature.sign(model, private_key, 1), "MODEL_VERSION: the model is older than the version"),
    ):
        with pytest.raises(VerificationError, match=f"ValueError: {name}"):  # liquid-upload leaves the old file
            machine.send(data, old)
        put(machine, data, new)
        for load in (load_new, load_new.replace(repr(new), f"open({new!r}, 'rb').read()")):
            with pytest.raises(RemoteError) as caught:
                machine.exec(f"net = {load}\n")
            assert caught.value.last_line.startswith(f"ValueError: {name}")
            assert machine.exec(heard) == before
    assert machine.exec(f"print(liquid_audio.LNN.load({old!r}).model_version)").strip() == "2"
    machine.send(newer, new)
    assert machine.exec(f"net = {load_new}\nprint(net.model_version, net.selftest() < 1e-3)").split() == ["3", "True"]


def put(machine: Machine, data: bytes, path: str) -> None:
    """Writes a file without liquid-upload's checks, and without the reset that mpremote brings."""
    machine.exec(f"import binascii\nfile = open({path!r}, 'wb')\n")
    for at in range(0, len(data), 3000):
        machine.exec(f"file.write(binascii.a2b_base64({binascii.b2a_base64(data[at : at + 3000])!r}))\n")
    machine.exec("file.close()\n")
