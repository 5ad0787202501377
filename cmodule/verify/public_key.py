# SPDX-License-Identifier: MIT
"""Writes the public key that firmware trusts as a C header: `python public_key.py pub.pem 3 lnn_trusted_key.h`.

The number is the least version of a model that is taken. Builds call this file, so it needs Python alone.
"""

import base64
import binascii
import pathlib
import re
import sys

ED25519 = bytes.fromhex("302a300506032b6570032100")
"""What RFC 8410 puts in front of the 32 bytes of a public key for Ed25519."""
BLOCK = re.compile(rb"-----BEGIN PUBLIC KEY-----(.*?)-----END PUBLIC KEY-----", re.S)


def public_key(pem: bytes) -> bytes:
    """The 32 bytes of a public key for Ed25519 in PEM.  Raises ValueError for anything else."""
    found = BLOCK.search(pem)
    try:
        key = base64.b64decode(b"".join(found[1].split()), validate=True) if found else b""
    except binascii.Error:
        key = b""
    if len(key) != len(ED25519) + 32 or not key.startswith(ED25519):
        raise ValueError(
            "it is no public key for Ed25519 in PEM; make it with: openssl pkey -in key.pem -pubout -out pub.pem"
        )
    return key[len(ED25519) :]


def header(key: bytes, least_version: int) -> str:
    """The text of lnn_trusted_key.h."""
    return (
        "/* Written by public_key.py. */\n"
        f"#define LNN_PUBLIC_KEY {', '.join(f'0x{byte:02x}' for byte in key)}\n"
        f"#define LNN_LEAST_MODEL_VERSION {least_version}u\n"
    )


def main() -> None:
    """The command.  A wrong key ends it with one sentence, which the log of a build shows."""
    pem, least_version, target = sys.argv[1:]
    try:
        text = header(public_key(pathlib.Path(pem).read_bytes()), int(least_version or 0))
    except (OSError, ValueError) as error:
        sys.exit(f"error: {pem}: {getattr(error, 'strerror', None) or error}")
    file = pathlib.Path(target)
    if not file.is_file() or file.read_text() != text:  # a newer file would be compiled again
        file.write_text(text)


if __name__ == "__main__":
    main()
