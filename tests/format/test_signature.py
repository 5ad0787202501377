# SPDX-License-Identifier: MIT
"""Signed models: what a signature covers, who loses it, and what the commands say."""

import dataclasses
import warnings

import pytest
from keys import key_pair
from liquid_audio_nets.cli import step_costs, tune
from liquid_audio_nets.errors import LiquidWarning
from liquid_audio_nets.evaluation import Tuning
from liquid_audio_nets.lnn import LnnError, read, signature, write
from liquid_audio_nets.lnn.writer import with_crc
from liquid_audio_nets.native import LNN, add_golden
from small_model import noise, small_model
from test_commands import command


def refused(data: bytes, public: bytes, least_version: int = 0) -> str:
    with pytest.raises(LnnError) as caught:
        signature.verify(data, public, least_version)
    return caught.value.name


def test_a_signed_model_is_verified_and_runs(signed, keys):
    signature.verify(signed, keys[1], least_version=3)
    model = read(signed)
    assert model.model_version == 3 and write(model) == signed
    with LNN(signed) as lnn:
        assert lnn.labels


def test_every_changed_byte_is_noticed(signed, keys):
    for at in range(0, len(signed), 37):
        altered = bytearray(signed)
        altered[at] ^= 1
        refused(with_crc(bytes(altered)), keys[1])


def test_the_signature_covers_the_model_version(signed, keys):
    older = bytearray(signed)
    assert older[36:40] == b"\3\0\0\0"
    older[36] = 4
    assert refused(with_crc(bytes(older)), keys[1]) == "SIGNATURE"
    assert refused(signed, keys[1], least_version=4) == "MODEL_VERSION"


def test_unsigned_models_and_other_keys_are_refused(signed, keys):
    assert refused(write(small_model()), keys[1]) == "SIGNATURE"
    assert refused(signed, key_pair()[1]) == "SIGNATURE"


def test_without_a_version_the_file_is_one_for_old_readers(keys):
    data = signature.sign(write(small_model()), keys[0])
    assert data[4:8] == b"\1\0\0\0" and read(data).model_version == 0
    signature.verify(data, keys[1])


def test_a_version_in_a_file_of_format_1_0_is_refused_by_reader_and_core(signed):
    old = with_crc(signed[:6] + b"\0\0" + signed[8:])
    for load in (read, LNN):
        with pytest.raises(LnnError) as caught:
            load(old)
        assert caught.value.name == "PADDING"


def test_a_changed_model_loses_its_signature_and_says_so(signed):
    model = read(signed)
    changed = dataclasses.replace(model, metadata={"licence": "other"})
    with pytest.warns(LiquidWarning, match="signature was dropped"):
        data = write(changed)
    assert read(data).signature is None and read(data).model_version == 3


DROPPED = "signature was dropped: sign it again"


def test_golden_vectors_are_a_change(signed):
    with pytest.warns(LiquidWarning, match=DROPPED) as told:
        model = add_golden(read(signed), noise(1600))
    assert model.signature is None and model.model_version == 3 and len(told) == 1
    with warnings.catch_warnings(action="error"):
        assert read(write(model)).signature is None


def test_liquid_tune_drops_the_signature_only_if_a_threshold_changes(signed, tmp_path, keys):
    path, model = tmp_path / "small.lnn", read(signed)
    path.write_bytes(signed)
    tune.write(signed, path, Tuning({label.name: label.threshold for label in model.labels}, 1.0, 0.0, []))
    signature.verify(path.read_bytes(), keys[1])
    with pytest.warns(LiquidWarning, match=DROPPED):
        tune.write(signed, path, Tuning({"yes": 0.75}, 1.0, 0.0, []))
    changed = read(path.read_bytes())
    assert changed.signature is None and changed.labels[0].threshold == 0.75


def test_liquid_compress_drops_the_signature_and_says_so(signed, tmp_path, monkeypatch):
    monkeypatch.setattr(step_costs, "VIRTUAL_BOARDS", {})  # it may have no firmware
    (tmp_path / "float.lnn").write_bytes(signed)
    files = "--input", tmp_path / "float.lnn", "--output", tmp_path / "int8.lnn"
    done = command("compress", *files, "--target", "cortex-m4", "--max-drop", 100)
    assert done.stderr.count(DROPPED) == 1
    model = read((tmp_path / "int8.lnn").read_bytes())
    assert model.signature is None and model.cells[0].weight == "int8" and model.model_version == 3


@pytest.mark.parametrize("pem", [b"", b"no key", "public", "ec"])
def test_a_bad_key_is_one_sentence(keys, pem):
    if pem == "ec":
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        other = ec.generate_private_key(ec.SECP256R1())
        pem = other.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    pem = keys[1] if pem == "public" else pem
    with pytest.raises(signature.BadKey, match="openssl genpkey -algorithm ed25519"):
        signature.sign(write(small_model()), pem)
    with pytest.raises(signature.BadKey, match="openssl pkey"):
        signature.verify(write(small_model()), keys[0])


def test_the_commands(tmp_path, keys):
    key, public, model = tmp_path / "key.pem", tmp_path / "pub.pem", tmp_path / "small.lnn"
    key.write_bytes(keys[0])
    public.write_bytes(keys[1])
    model.write_bytes(write(small_model()))
    assert "SIGNATURE: the model is not signed" in command("info", model, "--verify", public, expect=4).stderr
    assert "signed" in command("sign", key, model, "--model-version", 7).stdout
    assert "the signature is right" in command("info", model, "--verify", public).stderr
    assert read(model.read_bytes()).model_version == 7
    assert f"{public}: " in command("sign", public, model, expect=2).stderr
    command("sign", key, model, "--output", tmp_path / "other.lnn")
    assert read((tmp_path / "other.lnn").read_bytes()).model_version == 7
