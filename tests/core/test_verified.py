# SPDX-License-Identifier: MIT
"""lnn_load_verified(): what the caller's function is asked, and what a refusal leaves as it was."""

import struct

import numpy as np
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from keys import key_pair
from liquid_audio_nets._core import ffi, lib
from liquid_audio_nets.lnn import signature, write
from liquid_audio_nets.lnn.layout import ENUMS, STRUCTS
from liquid_audio_nets.lnn.writer import with_crc
from liquid_audio_nets.native import LNN, error_name
from small_model import noise, small_model

HEADER, SECTION, N_SECTIONS = STRUCTS["header"].size, STRUCTS["section"].size, struct.Struct("<H")


class Board:
    """One place in memory for a model, and a verifier that trusts one key and the version of the model that it holds."""

    def __init__(self, public: bytes, least_version: int = 0):
        self.public, self.least_version = load_pem_public_key(public), least_version
        self.memory, self.file = np.zeros(2000, np.uint64), None
        self.model, self.asked = ffi.new("lnn_model_t **"), []
        self.verify = ffi.callback("lnn_verify_t", self._verify)

    def _verify(self, model, context) -> int:
        """What it is asked, with the bytes in front of the signature put together."""
        assert context == ffi.NULL
        part = b"".join(bytes(ffi.buffer(span.bytes, span.n_bytes)) for span in model.spans)
        self.asked.append((part, bytes(ffi.buffer(model.signature, 64)), model.model_version))
        try:
            self.public.verify(self.asked[-1][1], part)
        except InvalidSignature:
            return lib.LNN_ERR_SIGNATURE
        return lib.LNN_ERR_MODEL_VERSION if model.model_version < self.least_version else lib.LNN_OK

    def load(self, data: bytes) -> str:
        """The name of the status.  Only a model that is taken replaces the one before."""
        file = np.frombuffer(data + bytes(-len(data) % 8), np.uint64)
        pointer, memory = ffi.from_buffer(file), ffi.from_buffer(self.memory)
        status = lib.lnn_load_verified(
            pointer, len(data), self.verify, ffi.NULL, memory, self.memory.nbytes, self.model
        )
        if status == lib.LNN_OK:
            self.file = file
        return error_name(status)

    def hear(self, audio: np.ndarray) -> list[float]:
        result = ffi.new("lnn_result_t *")
        assert lib.lnn_process(self.model[0], ffi.from_buffer("int16_t[]", audio), len(audio), result) == lib.LNN_OK
        return [result.scores[i] for i in range(result.n_scores)]


def test_the_verifier_is_asked_once_about_all_bytes_before_the_signature(signed, keys):
    board = Board(keys[1], least_version=3)
    assert board.load(signed) == "OK"
    assert board.asked == [(signed[:12] + bytes(4) + signed[16:-64], signed[-64:], 3)]
    info = ffi.new("lnn_info_t *")
    lib.lnn_get_info(board.model[0], info)
    assert info.model_version == 3
    with LNN(signed) as lnn:
        assert lnn.model_version == lnn.info["model_version"] == 3


def test_a_refused_model_leaves_the_old_one_running_in_the_same_memory(signed, keys):
    board, audio = Board(keys[1], least_version=3), noise(8000)
    assert board.load(signed) == "OK"
    with LNN(signed) as expected:
        for block, (data, name) in zip(
            np.split(audio, 5),
            (
                (write(small_model(seed=1)), "SIGNATURE"),
                (signature.sign(write(small_model(seed=1)), keys[0], 2), "MODEL_VERSION"),
                (signature.sign(write(small_model(seed=1)), key_pair()[0], 4), "SIGNATURE"),
                (with_crc(signed[:200] + bytes([signed[200] ^ 1]) + signed[201:]), "SIGNATURE"),
                (signed[:-1] + bytes([signed[-1] ^ 1]), "CRC"),
            ),
            strict=True,
        ):
            model = board.model[0]
            assert board.load(data) == name and board.model[0] == model
            assert board.hear(block) == list(expected.process(block).scores)


def test_an_unsigned_model_never_reaches_the_verifier(keys):
    board = Board(keys[1])
    assert board.load(write(small_model())) == "SIGNATURE" and not board.asked


@pytest.mark.parametrize("at", [0, 4, 8], ids=["kind", "offset", "bytes"])
def test_a_last_section_that_is_no_signature_never_reaches_the_verifier(signed, keys, at):
    data, board = bytearray(signed), Board(keys[1])
    data[HEADER + SECTION * (N_SECTIONS.unpack_from(data, 28)[0] - 1) + at] ^= 4
    assert board.load(with_crc(bytes(data))) == "SIGNATURE" and not board.asked


@pytest.mark.parametrize("n", [0, 1])
def test_a_signature_over_the_section_table_never_reaches_the_verifier(signed, keys, n):
    data = bytearray(signed[:HEADER] + STRUCTS["section"].pack(ENUMS["section"]["signature"], 0, 16, 64, 0) + bytes(20))
    data[8:12] = len(data).to_bytes(4, "little")
    data[28:30] = N_SECTIONS.pack(n)
    board = Board(keys[1])
    assert board.load(with_crc(bytes(data))) == "SIGNATURE" and not board.asked


def test_every_altered_byte_is_refused(signed, keys):
    board = Board(keys[1])
    for at in range(0, len(signed), 29):
        altered = bytearray(signed)
        altered[at] ^= 16
        assert board.load(with_crc(bytes(altered))) != "OK", at
