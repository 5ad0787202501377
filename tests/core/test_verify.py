# SPDX-License-Identifier: MIT
"""cmodule/verify: SHA-512 against hashlib, Ed25519 against RFC 8032, `cryptography` and signatures that nobody should make."""

import hashlib
import pathlib
import random
import re
import shutil
import subprocess
import sys

import edwards
import pytest
import sanitized
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from keys import key_pair
from liquid_audio_nets.board import FirmwareError, sources
from liquid_audio_nets.lnn import signature, write
from small_model import small_model

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERIFY = ROOT / "cmodule/verify"
VECTORS = [line.split() for line in (ROOT / "tests/core/rfc8032.txt").read_text().splitlines() if line[:1] != "#"]
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
MESSAGE = bytes(range(200))


@pytest.fixture(scope="module")
def monocypher() -> pathlib.Path:
    try:
        return sources.monocypher().folder
    except FirmwareError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def ask(tmp_path_factory, monocypher):
    """Lines for verify.c -> its answers, under the sanitizers."""
    parts = [str(VERIFY / name) for name in ("sha512.c", "ed25519.c", "monocypher_parts.c")]
    target = tmp_path_factory.mktemp("verify") / "verify"
    program = sanitized.build(ROOT / "tests/core/verify.c", target, f"-I{monocypher}", *parts)

    def answers(lines: list[str]) -> list[str]:
        done = subprocess.run([program], input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout.split()

    return answers


def line(signature: bytes, message: bytes = MESSAGE, key: bytes = PUBLIC, version: int = 0, least: int = 0) -> str:
    return f"verify {key.hex()} {least} {version} {signature.hex()} {message.hex() or '-'}"


def test_sha512_of_every_length_around_a_block(ask):
    messages = [random.Random(n).randbytes(n) for n in (*range(300), 1000, 65537)]
    expected = [hashlib.sha512(message).hexdigest() for message in messages]
    assert ask([f"sha512 {message.hex() or '-'}" for message in messages]) == expected


def test_the_vectors_of_rfc_8032(ask):
    lines = []
    for public, message, made in VECTORS:
        public, message, made = bytes.fromhex(public), bytes.fromhex(message.strip("-")), bytes.fromhex(made)
        lines += [line(made, message, public), line(made, message + b"x", public)]
    assert len(VECTORS) == 5 and ask(lines) == ["OK", "SIGNATURE"] * 5


def test_signatures_of_cryptography(ask):
    lines = []
    for n in range(30):
        key, message = Ed25519PrivateKey.generate(), random.Random(n).randbytes(37 * n)
        lines.append(line(key.sign(message), message, key.public_key().public_bytes_raw()))
    assert ask(lines) == ["OK"] * 30


def test_every_altered_bit_is_refused(ask):
    right, lines = KEY.sign(MESSAGE), []
    for name, data in (("signature", right), ("message", MESSAGE), ("key", PUBLIC)):
        for bit in range(0, 8 * len(data), 1 if name == "signature" else 7):
            altered = bytearray(data)
            altered[bit // 8] ^= 1 << bit % 8
            lines.append(line(**{"signature": right, name: bytes(altered)}))
    assert set(ask(lines)) == {"SIGNATURE"}


def test_s_must_be_below_l(ask):
    """S + L fulfils the same equation: it would be a second signature of the same bytes."""
    right = KEY.sign(MESSAGE)
    s = int.from_bytes(right[32:], "little")
    others = [s + n * edwards.L for n in range(1, 16)] + [edwards.L, edwards.L - 1, 0, 2**256 - 1]
    assert set(ask([line(right[:32] + other.to_bytes(32, "little")) for other in others])) == {"SIGNATURE"}


def test_a_key_of_small_order_is_refused_because_anyone_could_sign_for_it(ask):
    s = 12345
    forged = edwards.encode(edwards.times(s, edwards.BASE)) + s.to_bytes(32, "little")
    keys = [edwards.encode(point) for point in edwards.small_order()]
    also = [(edwards.P + 1).to_bytes(32, "little"), edwards.P.to_bytes(32, "little")]  # 1 and 0, not reduced
    assert bytes(32) in keys and len(set(keys)) == 8
    assert set(ask([line(forged, key=key) for key in (*keys, *also)])) == {"SIGNATURE"}


def test_the_equation_is_the_one_with_the_factor_8(ask):
    """RFC 8032 gives it first. Only the key's owner can make a signature that holds with the factor alone."""
    a, r = 123456789, 987654321
    key = edwards.encode(edwards.times(a, edwards.BASE))
    answers = []
    for point in edwards.small_order():
        first = edwards.encode(edwards.add(edwards.times(r, edwards.BASE), point))
        s = (r + edwards.challenge(first, key, MESSAGE) * a) % edwards.L
        answers += ask([line(first + s.to_bytes(32, "little"), key=key)])
    assert answers == ["OK"] * 8


def test_versions(ask):
    right = KEY.sign(MESSAGE)
    asked = [
        line(right, version=v, least=least) for v, least in ((0, 0), (3, 3), (4, 3), (2, 3), (2**32 - 1, 2**32 - 1))
    ]
    assert ask(asked) == ["OK", "OK", "OK", "MODEL_VERSION", "OK"]
    assert ask([line(right[:-1] + b"\0", version=0, least=1)]) == ["SIGNATURE"]


def header_of(tmp_path, pem: bytes, version: str = "3") -> subprocess.CompletedProcess:
    (tmp_path / "pub.pem").write_bytes(pem)
    words = [sys.executable, VERIFY / "public_key.py", "pub.pem", version, "lnn_trusted_key.h"]
    return subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)


def test_the_header_of_a_key(tmp_path):
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    _, public = key_pair()
    assert header_of(tmp_path, public).returncode == 0
    text = (tmp_path / "lnn_trusted_key.h").read_text()
    found = bytes(int(byte, 16) for byte in re.findall(r"0x(..)", text))
    assert found == load_pem_public_key(public).public_bytes_raw() and "LNN_LEAST_MODEL_VERSION 3u" in text


@pytest.mark.parametrize("pem", ["private", "ec", b"", b"-----BEGIN PUBLIC KEY-----\nMCo!\n-----END PUBLIC KEY-----\n"])
def test_a_wrong_key_ends_the_build_with_one_sentence(tmp_path, pem):
    if pem == "private":
        pem = key_pair()[0]
    elif pem == "ec":
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        pem = (
            ec.generate_private_key(ec.SECP256R1())
            .public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )
    done = header_of(tmp_path, pem)
    assert done.returncode == 1 and not (tmp_path / "lnn_trusted_key.h").exists()
    assert done.stderr.startswith("error: pub.pem: it is no public key for Ed25519 in PEM; make it with: openssl pkey")
    assert done.stderr.count("\n") == 1


CMAKE = """
cmake_minimum_required(VERSION 3.20)
project(firmware LANGUAGES C)
add_library(usermod INTERFACE)
include({root}/cmodule/micropython.cmake)
add_executable(firmware main.c)
target_link_libraries(firmware PRIVATE liquid_audio_core)
"""
PROGRAM = r"""
#include <stdio.h>
#include "liquid_audio_verify.h"

static uint64_t file[4096], memory[4096];

int main(int argc, char **argv) {
    lnn_model_t *model;
    FILE *from = fopen(argv[argc - 1], "rb");
    size_t n = fread(file, 1, sizeof file, from);
    lnn_status_t status = lnn_load_verified(file, n, lnn_verify_ed25519, &lnn_trusted_key, memory, sizeof memory, &model);
    return fclose(from) + puts(lnn_error_name(status)) < 0;
}
"""


@pytest.mark.long
def test_a_port_built_with_cmake_takes_one_key(tmp_path, monocypher):
    cmake = shutil.which("cmake") or pytest.skip("no cmake")
    private, public = key_pair()
    (tmp_path / "pub.pem").write_bytes(public)
    (tmp_path / "CMakeLists.txt").write_text(CMAKE.format(root=ROOT))
    (tmp_path / "main.c").write_text(PROGRAM)
    words = [cmake, "-B", "build", f"-DMONOCYPHER_DIR={monocypher}", "-DLIQUID_MINIMUM_MODEL_VERSION=2"]
    wrong = subprocess.run(
        [*words, f"-DLIQUID_PUBLIC_KEY={tmp_path / 'main.c'}"], cwd=tmp_path, capture_output=True, text=True
    )
    assert wrong.returncode and "it is no public key for Ed25519" in " ".join(wrong.stderr.split())
    subprocess.run(
        [*words, f"-DLIQUID_PUBLIC_KEY={tmp_path / 'pub.pem'}"], cwd=tmp_path, check=True, capture_output=True
    )
    subprocess.run([cmake, "--build", "build", "--parallel", "2"], cwd=tmp_path, check=True, capture_output=True)
    model, said = write(small_model()), []
    for data in (model, signature.sign(model, private, 1), signature.sign(model, private, 2)):
        (tmp_path / "model.lnn").write_bytes(data)
        said.append(
            subprocess.run(["build/firmware", "model.lnn"], cwd=tmp_path, capture_output=True, text=True).stdout
        )
    assert said == ["SIGNATURE\n", "MODEL_VERSION\n", "OK\n"]
