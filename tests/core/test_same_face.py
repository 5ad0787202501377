# SPDX-License-Identifier: MIT
"""Class LNN offers the same names on the host as on a board."""

import ast
import inspect

import pytest
from liquid_audio_nets.native import LNN
from liquid_audio_nets.native.settings import PerLabel
from small_model import noise


def names_of(tree: ast.Module, name: str) -> dict[str, list[str] | None]:
    """Attribute -> None, method -> its arguments, of a class of the type stubs."""
    body = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name).body
    attributes = {n.target.id: None for n in body if isinstance(n, ast.AnnAssign)}
    return attributes | {
        n.name: [a.arg for a in n.args.args if a.arg != "self"] for n in body if isinstance(n, ast.FunctionDef)
    }


@pytest.fixture(scope="module")
def stubs(root):
    return ast.parse((root / "device/typings/liquid_audio.pyi").read_text())


def test_a_model_is_made_of_a_path_or_a_buffer(stubs, model_path, model_bytes):
    for source in (str(model_path), model_path, model_bytes):
        for make in (LNN, LNN.load, LNN.from_file):
            assert make(source).labels == ("yes", "no", "_silence_")
    assert names_of(stubs, "LNN")["__init__"] == [*inspect.signature(LNN).parameters]


class Ramp:
    """A microphone for the host: `samples` in pieces, the third of which comes after a gap."""

    rate, lost = 16000, 0

    def __init__(self, samples):
        self.samples, self.reads = samples, 0

    def readinto(self, block):
        n = min(len(block), len(self.samples))
        block[:n], self.samples = self.samples[:n], self.samples[n:]
        self.reads += 1
        self.lost = 700 if self.reads == 3 else 0
        return n


def test_listening_is_skipping_and_processing(model_bytes):
    audio = noise(5000)
    with LNN(model_bytes) as lnn, LNN(model_bytes) as by_hand:
        heard = [(r.steps, r.scores) for r in lnn.listen(Ramp(audio), 32)]
        counted = lnn.counters()
        for at in range(0, 5000, 512):
            by_hand.skip(700 if at == 1024 else 0)
            r = by_hand.process(audio[at : at + 512])
            assert heard.pop(0) == (r.steps, r.scores)
        assert not heard and counted["samples"] == 5700 and counted == by_hand.counters()


def test_a_microphone_of_another_rate_is_refused(model_bytes):
    mic = Ramp(noise(100))
    mic.rate = 8000
    with LNN(model_bytes) as lnn:
        with pytest.raises(ValueError, match="8000 Hz, the model needs 16000 Hz"):
            lnn.listen(mic)
        for block_ms in (0, -1, 1001):
            with pytest.raises(ValueError, match="block_ms"):
                lnn.listen(Ramp(noise(100)), block_ms)


def test_the_host_has_what_the_board_has(stubs, model_bytes):
    lnn = LNN(model_bytes)
    result = lnn.process(b"")
    for name, thing in (("LNN", lnn), ("Result", result), ("PerLabel", lnn.thresholds), ("PerLabel", lnn.refractory)):
        for attribute, arguments in names_of(stubs, name).items():
            assert hasattr(thing, attribute), f"{name}.{attribute}"
            if arguments is not None and not attribute.startswith("__"):
                code = getattr(type(thing), attribute)
                code = getattr(code, "__func__", code).__code__
                ours = [a for a in code.co_varnames[: code.co_argcount] if a not in ("self", "cls")]
                assert ours == arguments, f"{name}.{attribute}"
    assert isinstance(lnn.labels, tuple) and isinstance(lnn.thresholds, PerLabel)
