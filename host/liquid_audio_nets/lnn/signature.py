# SPDX-License-Identifier: MIT
"""Signed models: Ed25519 (RFC 8032) over everything in front of the signature.  SPEC.md says what that is.

Keys are PEM files as openssl writes them.  The package `cryptography` computes; it is imported when it is needed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import LiquidError
from .errors import LnnError
from .layout import SIGNATURE_BYTES
from .reader import read
from .records import signed_part
from .writer import with_crc, write

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LARGEST_VERSION = 2**32 - 1


class BadKey(LiquidError):
    """A key is not one for Ed25519, or not in PEM."""


def sign(data: bytes, private_key: bytes, model_version: int | None = None) -> bytes:
    """The bytes of a model -> those of the same model, signed.  An old signature is replaced.

    private_key: PEM.  model_version: 0 to LARGEST_VERSION; by default the model keeps its own.
    Raises LnnError for a bad model, BadKey for a bad key, ModuleNotFoundError without `cryptography`.
    """
    key, model = _private(private_key), read(data)
    version = model.model_version if model_version is None else model_version
    if not 0 <= version <= LARGEST_VERSION:
        raise LnnError("RANGE", f"model_version is {version}; it must be from 0 to {LARGEST_VERSION}")
    blank = replace(model, model_version=version, signature=bytes(SIGNATURE_BYTES), signed_digest=None)
    unsigned = write(blank)
    return with_crc(unsigned[:-SIGNATURE_BYTES] + key.sign(signed_part(unsigned)))


def verify(data: bytes, public_key: bytes, least_version: int = 0) -> None:
    """Checks that a model was signed with the private key that belongs to `public_key` (PEM), and is not too old.

    Raises LnnError SIGNATURE if it is not signed with that key, MODEL_VERSION if its version is below least_version,
    another LnnError for a bad model, BadKey for a bad key, ModuleNotFoundError without `cryptography`.
    """
    from cryptography.exceptions import InvalidSignature

    key, model = _public(public_key), read(data)
    if model.signature is None:
        raise LnnError("SIGNATURE", "it carries no signature")
    try:
        key.verify(model.signature, signed_part(data))
    except InvalidSignature:
        raise LnnError("SIGNATURE", "its signature was made with another key, or the file was altered") from None
    if model.model_version < least_version:
        raise LnnError("MODEL_VERSION", f"version {model.model_version}, at least {least_version} is asked for")


def _private(pem: bytes) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:  # TypeError: the key has a passphrase
        reason = "it has a passphrase" if isinstance(error, TypeError) else "it is no PEM file with a private key"
        raise BadKey(f"{reason}; make a key with: openssl genpkey -algorithm ed25519 -out key.pem") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKey("it is for another algorithm; make a key with: openssl genpkey -algorithm ed25519 -out key.pem")
    return key


def _public(pem: bytes) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem)
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise BadKey(
            "it is no public key for Ed25519 in PEM; make it with: openssl pkey -in key.pem -pubout -out pub.pem"
        )
    return key
