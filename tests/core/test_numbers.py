# SPDX-License-Identifier: MIT
"""Models of task series: rows of numbers in, forecasts out, no audio."""

import dataclasses

import numpy as np
import pytest
from liquid_audio_nets.lnn import FrontEndNone, LnnError, write
from liquid_audio_nets.lnn.layout import MODEL_BYTES
from liquid_audio_nets.native import LNN
from liquid_audio_nets.reference.numbers import Forecaster
from small_model import integer_model, tiny_numbers_model

OWN_BYTES = 576 + 12 * 64  # of the core, for 64 labels: the file does not count them


def rows(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Numbers float32 (count, 4), some far outside, and the seconds before each."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(count, 4)) * [3, 8, 0.5, 2e3] + [20, 5, 0.5, 1e5]
    numbers[::50, 1] = 1e6
    return numbers.astype(np.float32), rng.exponential(600, count)


def test_forecasts_are_the_references():
    model = tiny_numbers_model()
    reference = Forecaster(model)
    with LNN(write(model)) as lnn:
        for row, dt_s in zip(*rows(300), strict=True):
            theirs = reference.step(row, dt_s)
            assert np.allclose(lnn.step(row, dt_s), theirs, rtol=1e-6, atol=1e-3)


def test_integers_follow_their_own_forecasts():
    model = tiny_numbers_model(integer=True)
    with LNN(write(model)) as one, LNN(write(model)) as other:
        numbers, seconds = rows(100)
        for row, dt_s in zip(numbers, seconds, strict=True):
            forecast = one.step(row, dt_s)
            assert np.array_equal(forecast, other.step(row, dt_s)) and np.isfinite(forecast).all()


def test_the_readouts_product_has_room_behind_its_sums():
    """64 sums and, split in two for the M55, sixteen numbers: more than these small cells want."""
    model = integer_model(0, (2, 10), tuple(f"column {i}" for i in range(64)), 16, 64)
    model.frontend = FrontEndNone(np.zeros(64), np.ones(64), np.ones(64))
    model = dataclasses.replace(model, task="series")
    states = 2 * 4 * 64 + 2 * (64 + 8) + 8 + 8 + 8 + 2 * (8 + 16) + 40 + 40 + 24  # 2 * N of 2 and 10, rounded up to 8
    with LNN(write(model)) as lnn:
        assert lnn.ram_bytes - OWN_BYTES == MODEL_BYTES + (4 * 64 + 2 * 16) + states + 4 * 4 * 64 + 2 * 2 * 64
        assert np.isfinite(lnn.step(np.zeros(64), 1.0)).all()


def test_a_long_gap_tells_from_a_short_one():
    with LNN(write(tiny_numbers_model())) as lnn:
        numbers, _ = rows(20)
        after = []
        for gap_s in (300, 3000):
            lnn.reset()
            after.append([lnn.step(row, 300) for row in numbers[:-1]] and lnn.step(numbers[-1], gap_s))
        assert np.abs(after[0] - after[1]).max() > 1e-3


def test_audio_is_refused_by_name():
    with LNN(write(tiny_numbers_model())) as lnn:
        for call in (lambda: lnn.process(np.zeros(320, np.int16)), lambda: lnn.features(np.zeros(0, np.int16))):
            with pytest.raises(LnnError) as caught:
                call()
            assert caught.value.name == "NO_AUDIO"
        with pytest.raises(LnnError) as caught:
            lnn.selftest()
        assert caught.value.name == "NO_GOLDEN"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_changes_nothing(bad):
    numbers, seconds = rows(2)
    with LNN(write(tiny_numbers_model())) as lnn:
        lnn.step(numbers[0], seconds[0])
        with pytest.raises(LnnError) as caught:
            lnn.step([20.0, bad, 0.0, 1e5], 300.0)
        assert caught.value.name == "ARGUMENT"
        after = lnn.step(numbers[1], seconds[1])
        lnn.reset()
        lnn.step(numbers[0], seconds[0])
        assert np.array_equal(after, lnn.step(numbers[1], seconds[1]))
