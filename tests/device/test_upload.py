# SPDX-License-Identifier: MIT
"""liquid-upload onto a virtual board: verified, nothing sent twice, no room, a bad model, a cut."""

import pytest
from liquid_audio_nets import link
from liquid_audio_nets.lnn import read, write
from virtual_board import MODEL

SPARE = "/spare"


class CutLink:
    """Loses the connection after so many calls."""

    def __init__(self, machine, calls: int):
        self.machine, self.port, self.left = machine, machine.port, calls

    def exec(self, code: str) -> str:
        self.left -= 1
        if self.left < 0:
            raise link.LinkError("the connection was lost")
        return self.machine.exec(code)


@pytest.fixture
def models() -> tuple[bytes, bytes]:
    """The shipped model and one that differs, both without golden vectors to be quick."""
    model = read(MODEL.read_bytes())
    model.golden = None
    first = write(model)
    model.metadata = {"licence": "none"}
    return first, write(model)


def sha256(machine, path: str) -> str:
    code = f"print(binascii.hexlify(hashlib.sha256(open({path!r}, 'rb').read()).digest()).decode())"
    return machine.exec("import hashlib, binascii\n" + code).strip()


def test_old_model_survives_a_cut(m4f, models):
    old, new = models
    path = f"{SPARE}/m.lnn"
    m4f.send(old, path)
    before = sha256(m4f, path)
    for calls in (1, 3, 5, 6, 7, 20):
        with pytest.raises(link.LinkError):
            link.upload(CutLink(m4f, calls), new, path)
        assert sha256(m4f, path) == before
    m4f.send(new, path)
    assert sha256(m4f, path) != before
    assert m4f.exec(f"import os\nprint(os.listdir({SPARE!r}))").strip() == "['m.lnn']"


def test_a_model_that_does_not_open_there_is_refused(m4f, models):
    broken = bytearray(models[0])
    broken[5000] ^= 1
    with pytest.raises(link.VerificationError, match="CRC"):
        m4f.send(bytes(broken), f"{SPARE}/broken.lnn")
    assert "broken" not in m4f.exec(f"import os\nprint(os.listdir({SPARE!r}))")


def test_no_room(m4f, models):
    m4f.exec("""
import os
s, block = os.statvfs('/'), bytearray(4096)
with open('/ballast', 'wb') as f:
    for _ in range(s[0] * s[3] // 4096 - 10):
        f.write(block)
""")
    try:
        with pytest.raises(link.BoardError, match="no room"):
            m4f.send(models[0], f"{SPARE}/big.lnn")
    finally:
        m4f.exec("import os\nos.remove('/ballast')")
