# SPDX-License-Identifier: MIT
"""A minute of both fuzzers; what the host's reader says of generated models."""

import shutil
import signal
import threading
import time
from collections import Counter

import fuzzing
import pytest
from liquid_audio_nets.lnn import Grid, GridS8, load
from liquid_audio_nets.lnn.cells import GridShape
from liquid_audio_nets.lnn.layout import ENUMS
from verdicts import same_verdict

SECONDS = 60


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("clang"), reason="needs clang")
def test_a_minute_of_fuzzing_finds_nothing(tmp_path):
    for result in fuzzing.fuzz(tmp_path, SECONDS):
        print(result)
        assert not result.findings, result.words[-6000:]
        assert result.executions > 100 and result.lines > 0.85


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("clang"), reason="needs clang")
def test_an_interrupted_fuzzer_says_how_far_it_came(tmp_path, monkeypatch):
    """Not what libFuzzer prints of a crash.  The signal reaches Python only, as from `kill`."""
    start = fuzzing.start

    def start_and_interrupt(name, *rest):
        process = start(name, *rest)
        if name == list(fuzzing.SOURCES)[-1]:
            main = threading.main_thread().ident
            threading.Timer(3, signal.pthread_kill, [main, signal.SIGINT]).start()
        return process

    monkeypatch.setattr(fuzzing, "start", start_and_interrupt)
    began, before = (
        time.monotonic(),
        signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # pytest-xdist ignores it
    try:
        results = fuzzing.fuzz(tmp_path, 3600)
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - began < 600
    for result in results:
        assert result.interrupted and not result.findings and "interrupted" in str(result)
        assert result.lines > 0.5, result


@pytest.fixture(scope="module")
def generator(tmp_path_factory):
    return fuzzing.build_generator(tmp_path_factory.mktemp("generator"))


def test_reader_and_core_agree_about_nearly_legal_models(generator, tmp_path):
    paths = fuzzing.generate(generator, tmp_path, seed=1, count=300, most_bytes=2048, legal=False)
    verdicts = Counter(same_verdict(path.read_bytes()) for path in paths)
    assert verdicts["OK"] >= 150 and len(verdicts) >= 10, verdicts


def test_legal_models_are_of_every_kind(generator, tmp_path):
    paths = fuzzing.generate(generator, tmp_path, seed=2, count=200, most_bytes=4096)
    assert {same_verdict(path.read_bytes()) for path in paths} == {"OK"}
    models = [load(path) for path in paths]
    cells = [cell for model in models for cell in model.cells]
    assert {model.frontend.kind for model in models} == set(ENUMS["frontend"])
    assert {model.task for model in models} == {"keywords", "wake_word", "vad", "sounds", "anomaly", "series"}
    assert {model.policy.complexity for model in models} == {"energy", "spectral_flux", "zero_crossings"}
    stages = {
        (cell.weight, model.traces is not None, "Liquid" in type(model.readout).__name__)
        for model in models
        for cell in model.cells[:1]
    }
    assert {weight for weight, *both in stages if all(both)} == {"float32", "int8", "int16"}
    waiting = [(model, cell.weight) for model in models for cell in model.cells[1:2] if model.every]
    assert {weight for model, weight in waiting if model.hears_all} == {"float32", "int8", "int16"}
    assert {n for model, _ in waiting for n in model.every} == {1, 2, 3, 4}
    grids = {(cell.weight, cell.layout, cell.planes) for cell in cells if isinstance(cell, GridS8)}
    assert grids == {
        (*way, planes) for way in (("int8", "rows4x4"), ("int8", "rows4x16"), ("int16", "rows4x4")) for planes in (1, 2)
    }
    assert {cell.planes for cell in cells if isinstance(cell, Grid)} == {1, 2}
    assert max(cell.positions for cell in cells if isinstance(cell, GridShape)) > 20
    cells = [cell for cell in cells if not isinstance(cell, GridShape)]
    layouts = {(cell.weight, getattr(cell, "layout", "rows4"), bool(getattr(cell, "delta_q15", 0))) for cell in cells}
    dense = {
        ("int8", "rows4x4", False),
        ("int8", "rows4x4", True),
        ("int8", "rows4x16", False),
        ("int16", "rows4x4", False),
    }
    assert layouts == dense | {(w, "rows4x4_sparse", False) for w in ("int8", "int16")} | {("float32", "rows4", False)}
