# SPDX-License-Identifier: MIT
"""lnn_current_power_mw(): the work of the last second with a board's constants."""

import numpy as np
import pytest
from liquid_audio_nets._core import ffi, lib
from liquid_audio_nets.lnn import write
from liquid_audio_nets.native import LNN, add_golden
from small_model import noise

BOARD = ffi.new("lnn_board_power_t *", {"idle_mw": 2.0, "tick_pj": 1e6})


@pytest.fixture
def lnn(model):
    """With a clock that advances by 1,000 ticks whenever the core looks at it."""
    now = [0]

    @ffi.callback("uint32_t(void)")
    def clock():
        now[0] = (now[0] + 1000) % (1 << 32)
        return now[0]

    with LNN(write(add_golden(model, noise(8000), tolerance=1e-3))) as lnn:
        lib.lnn_set_clock(lnn.model, clock)
        lnn.clock = clock  # keep it
        yield lnn


def power(lnn):
    return lib.lnn_current_power_mw(lnn.model, BOARD)


def work(lnn):
    return sum(value for name, value in lnn.counters().items() if name.endswith("_time"))


def test_without_a_board_it_is_0_and_without_a_second_idle(lnn):
    assert lib.lnn_current_power_mw(lnn.model, ffi.NULL) == 0 == lib.lnn_current_power_mw(ffi.NULL, BOARD)
    assert lnn.current_power_mw() == 0
    lnn.process(noise(8000))
    assert power(lnn) == 2.0


def test_it_is_the_work_of_the_last_whole_second(lnn):
    lnn.process(noise(16384))
    loud = power(lnn)
    assert loud == pytest.approx(2.0 + work(lnn) * 1e6 * 1e-9 * 16000 / 16384, rel=0.1)
    lnn.process(np.zeros(32768, np.int16))
    assert 2.0 < power(lnn) < loud / 2  # silence: only the gate works


def test_cleared_counters_and_a_selftest_change_nothing_of_it(lnn):
    lnn.process(noise(24000))
    before = power(lnn)
    lnn.counters(clear=True)
    assert power(lnn) == before
    lnn.process(noise(12000))
    assert power(lnn) == pytest.approx(before, rel=0.1)
    lnn.selftest()
    assert power(lnn) == 2.0  # the model was reset
    lnn.process(noise(16384))
    assert power(lnn) == pytest.approx(before, rel=0.1)


def test_a_gap_is_a_time_without_work(lnn):
    lnn.process(noise(16384))
    loud = power(lnn)
    lnn.skip(160000)
    assert power(lnn) < loud / 5
