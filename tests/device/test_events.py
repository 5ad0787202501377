# SPDX-License-Identifier: MIT
"""Events, refractory times and the noise-floor gate at the REPL: as on the host."""

import numpy as np
import pytest
from liquid_audio_nets.lnn import read, write
from liquid_audio_nets.native import LNN
from virtual_board import MODEL

LOAD = "import liquid_audio\nnet = liquid_audio.LNN.load('/models/eager.lnn')\n"


@pytest.fixture(scope="module")
def eager(m4f) -> bytes:
    """The shipped model with low thresholds and no refractory time: it detects often."""
    model = read(MODEL.read_bytes())
    model.golden = None
    for label in model.labels:
        label.threshold, label.refractory_us = 0.3 * (label.threshold > 0), 0
    m4f.send(write(model), "/models/eager.lnn")
    return write(model)


def test_listen_yields_every_detection_of_a_block(m4f, eager, speech):
    path, samples = speech
    with LNN(eager) as host:
        expected = [e.label for k in range(0, len(samples), 320) for e in _heard(host, samples[k : k + 320])]
    assert len(set(expected)) > 1 and len(expected) > 3
    listen = f"for r in net.listen(liquid_audio.Mic({str(path)!r}), 1000):\n    if r.keyword_detected:\n        print(r.keyword)\n"
    assert m4f.exec(LOAD + listen).split() == expected
    assert eval(m4f.exec("print(net.events(), net.counters()['lost_events'])").replace("] ", "], ")) == ([], 0)


def _heard(host: LNN, block: np.ndarray) -> list:
    host.process(block)
    return host.events()


def test_events_and_refractory_times_are_the_hosts(m4f, eager, speech):
    path, samples = speech
    with LNN(eager) as host:
        host.process(samples[:48_000])
        expected = [(e.label, round(e.confidence, 3), round(e.time_s, 3)) for e in host.events()]
        host.refractory["yes"] = 1.5
    assert expected
    code = (
        f"mic = liquid_audio.Mic({str(path)!r}, rate=0)\naudio = bytearray(96000)\nn = mic.readinto(audio)\nnet.process(memoryview(audio)[:2*n])\n"
        "print([(e.label, round(e.confidence, 3), round(e.time_s, 3)) for e in net.events()])\n"
    )
    assert eval(m4f.exec(LOAD + code)) == expected
    m4f.exec("net.refractory['yes'] = 1.5\nnet.floor_ratio = 2.0")
    assert eval(
        m4f.exec("print((net.refractory['yes'], net.refractory[1], net.floor_ratio, len(net.refractory)))")
    ) == (
        1.5,
        0.0,
        2.0,
        len(host.labels),
    )


def test_the_sample_of_an_event_is_exact_after_a_week(m4f, eager, speech):
    """time_s, a float of 32 bits, is a multiple of 1/16 s by then."""
    path, samples = speech
    week = "for _ in range(9): net.skip(1 << 30)\n"
    with LNN(eager) as host:
        exec(week, {"net": host})
        host.process(samples[:48_000])
        expected = [(e.label, e.sample) for e in host.events()]
    assert expected and expected[0][1] > 7 * 86_400 * 16_000 * 0.99
    code = f"mic = liquid_audio.Mic({str(path)!r}, rate=0)\naudio = bytearray(96000)\nmic.readinto(audio)\nnet.process(audio)\n"
    assert eval(m4f.exec(LOAD + week + code + "print([(e.label, e.sample) for e in net.events()])")) == expected
