# SPDX-License-Identifier: MIT
"""A hundred extreme legal models on every core, each core at one optimisation level."""

import differential
import machines
import numpy as np
import pytest

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not machines.available(), reason="needs the compilers and emulators of every core"),
]
MODELS = 100


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("differential")


@pytest.fixture(scope="module")
def cases(folder):
    return differential.prepare(folder, 7, MODELS)


def test_the_models_are_of_every_kind(cases):
    kinds = {(case.model.frontend.kind, case.model.cells[0].weight == "float32") for case in cases}
    assert kinds == {
        ("logmel_q15", False),
        ("logmel_s16", False),
        *(("logmel_f32", f) for f in (False, True)),
        *(("none", f) for f in (False, True)),
    }
    golden = [case for case in cases if case.model.golden is not None]
    assert len(golden) >= 10 and all(case.expected[2] == 0 for case in golden)  # the host's self-test passes
    assert all(case.expected[0] == 0 for case in cases)


LEVELS = dict(zip(differential.CORES, ("-Os", "-O2", "-O3", "LTO", "-O2", "-O3", "-Os"), strict=True)) | {"host": "LTO"}


@pytest.mark.parametrize("core, level", LEVELS.items())
def test_every_core_gives_what_the_host_gives(folder, cases, core, level):
    assert differential.run(folder, cases, core, level) == []


def test_a_difference_is_seen(cases):
    """One bit of an integer model's words; a state of a float model beyond what the others are allowed."""
    for case in cases[:20]:
        words = case.expected.copy()
        if case.integer:
            words[3] ^= 1
            assert "steps" in differential.difference(case, words)
        else:
            first = case.model.cells[0].n_inputs
            words[3:].view("<f4")[first] += 3  # a state is within 1
            assert "cell 0" in differential.difference(case, words)
            words[3:].view("<f4")[first] = np.nan
            assert differential.difference(case, words)


def test_most_numbers_of_float_models_are_compared_closely(cases):
    """The allowance for sums whose terms cancel is below the tolerance itself."""
    allowed = []
    for case in (case for case in cases if not case.integer):
        floats, at = case.expected[3:].view("<f4").astype(float), 0
        for cell, h in zip(case.model.cells, differential.start(case.model)[0], strict=True):
            u = floats[at : at + cell.n_inputs]
            gate, value = differential.arguments(cell, u, h, np.zeros(len(u)))
            gate = np.clip(gate, -cell.gate_clamp, cell.gate_clamp)
            allowed.append(differential.step_error(gate, np.tanh(value), h, cell.tau_s))
            at += cell.n_inputs + cell.n_units
    assert np.mean(np.concatenate(allowed) < differential.TOLERANCE) > 0.5
