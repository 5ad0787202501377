# SPDX-License-Identifier: MIT
"""The learned policy: the C core's choice in integers against the reference, tick by tick; editing, storing, refusing."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from liquid_audio_nets.lnn import LnnError, Policy, Timetable, read, write
from liquid_audio_nets.native import LNN
from liquid_audio_nets.reference.engine import Gate, Meter
from liquid_audio_nets.reference.timetable import Rows, next_level
from small_model import babble, small_model, tiny_integer_model, tiny_numbers_model, tiny_timetable_model

METRICS = ("energy", "spectral_flux", "zero_crossings")
TICK, LONGEST = 320, 9600


def ordered(unit: int, most: int):
    """low <= high, and a margin, on the grid of the file."""
    numbers = st.tuples(st.integers(0, most * unit), st.integers(0, most * unit), st.integers(0, unit))
    return numbers.map(lambda n: (min(n[:2]) / unit, max(n[:2]) / unit, n[2] / unit))


STEPS = st.lists(st.integers(1, 1000), min_size=18, max_size=18).map(tuple)
TABLES = st.builds(Timetable, ordered(1024, 6), ordered(32768, 1), STEPS)


def sound(seed: int) -> np.ndarray:
    """Loud, quiet and busy by turns, int16 (16000,)."""
    level = np.repeat(np.random.default_rng(seed).choice([0.0, 0.003, 0.03, 0.3, 1.0], 8), 2000)
    return (babble(16_000, seed) * level).astype(np.int16)


class Watch(Gate):
    """The reference's gate, which also says whether the last tick was loud."""

    loud = False

    def look(self, power: int, crossings: int) -> bool:
        was_held = self.hold_left
        due = super().look(power, crossings)
        self.loud = self.open and (self.hold_left == self.hold_ticks or was_held == 0)
        return due


@settings(max_examples=40, deadline=None)
@given(TABLES, st.sampled_from(METRICS), st.integers(0, 10**6), st.booleans())
def test_core_equals_reference(table, metric, seed, integer):
    """The reference hears the complexity and the posterior that the core reports, and its own gate."""
    model = tiny_integer_model() if integer else small_model()
    policy = Policy(20_000, 600_000, complexity=metric, floor_ratio=1.5)
    model = dataclasses.replace(model, timetable=table, policy=policy, golden=None)
    samples = sound(seed)
    gate, meter, rows = Watch(policy, 16000), Meter(policy), Rows(table, 16000)
    elapsed, steps, was_open = 0, 0, False
    with LNN(write(model)) as lnn:
        wanted = [i for i, threshold in enumerate(lnn.thresholds) if threshold > 0]
        for at in range(0, len(samples), TICK):
            result = lnn.process(samples[at : at + TICK])
            gate.look(meter.power(samples[at : at + TICK]), 0)
            stepped, steps, elapsed = result.steps > steps, result.steps, elapsed + TICK
            if not gate.open:
                rows.rest()
                assert not stepped
                was_open = False
                continue
            rows.loud = gate.loud
            if metric != "spectral_flux":
                rows.hear(round(result.complexity * 65536))
            assert stepped == (not was_open or elapsed >= rows.timestep(TICK, LONGEST))
            if stepped:
                elapsed = 0
                rows.hear(round(result.complexity * 65536))
                rows.believe(round(max(result.scores[i] for i in wanted) * 32768))
            was_open = True
            assert result.timestep == pytest.approx(rows.timestep(TICK, LONGEST) / 16000, abs=2e-6)


@given(st.lists(st.integers(0, 40_000), min_size=1, max_size=40), *[st.integers(0, 32_768)] * 2, st.integers(0, 65_535))
def test_levels_have_hysteresis(values, one, other, margin):
    low, high, level = min(one, other), max(one, other), 0
    for value in values:
        new, plain = next_level(level, value, low, high, margin), (value >= low) + (value >= high)
        assert plain <= new <= max(level, plain), "up at once, and never above what was heard"
        assert new >= level or value + margin < (low, high)[new], "down only below the border by the margin"
        level = new


@settings(max_examples=15, deadline=None)
@given(TABLES)
def test_a_table_survives_the_file(table):
    data = write(dataclasses.replace(tiny_integer_model(), timetable=table, golden=None))
    assert read(data).timetable == table and write(read(data)) == data
    with LNN(data) as lnn:
        assert Timetable(*map(tuple, lnn.timetable.values())) == table


def test_files_keep_their_bits(root):
    for path in (root / "device/models").glob("*.lnn"):
        assert write(read(path.read_bytes())) == path.read_bytes()


def test_editing_while_it_runs():
    with LNN(write(tiny_timetable_model())) as lnn:
        table = lnn.timetable
        table["timestep_ms"][0] = 640
        lnn.timetable = table
        assert lnn.selftest() == 0, "golden vectors use the file's own"
        assert lnn.timetable["timestep_ms"][0] == 640
        for wrong in ([0] * 18, [1001] * 18, [20] * 17):
            with pytest.raises(LnnError, match="POLICY"):
                lnn.timetable = table | {"timestep_ms": wrong}
        with pytest.raises(LnnError, match="complexity_low_q10 is 2048"):
            lnn.timetable = table | {"complexity": (2, 1, 0)}
        assert lnn.timetable == table
        lnn.timetable = None
        assert lnn.timetable is None


def test_without_a_table_attack_and_release_decide():
    samples, plain = sound(3), tiny_integer_model()
    with LNN(write(plain)) as one, LNN(write(dataclasses.replace(plain, timetable=Timetable(), golden=None))) as other:
        other.timetable = None
        for at in range(0, len(samples), 500):
            a, b = one.process(samples[at : at + 500]), other.process(samples[at : at + 500])
            assert (a.steps, a.scores, a.timestep) == (b.steps, b.scores, b.timestep)


def test_rows_of_numbers_have_none():
    with pytest.raises(LnnError, match="NO_AUDIO"):
        write(dataclasses.replace(tiny_numbers_model(), timetable=Timetable()))
