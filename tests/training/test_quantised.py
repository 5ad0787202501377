# SPDX-License-Identifier: MIT
"""Training with quantisation in the loop: what it computes, what it keeps, what it gains."""

import dataclasses

import numpy as np
import pytest
import torch
from liquid_audio_nets.compress import Request, Sounds, compress
from liquid_audio_nets.lnn import write
from liquid_audio_nets.lnn.costs import zero_block_share
from liquid_audio_nets.lnn.integer import ROW_LIMIT_S16
from liquid_audio_nets.native import LNN, replay
from liquid_audio_nets.training.loop.quantised import FineTuneError, RoundedNet, fine_tune, lessons
from small_model import babble, integer_model, noise, small_model, with_grid, with_rhythm, with_stages

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def clips():
    return [babble(12000, seed) for seed in range(48)]


@pytest.fixture(scope="module")
def exact():
    return small_model(4, units=(16, 12))


@pytest.fixture(scope="module")
def pruned(exact, clips):
    """A third of its blocks pruned, int8, with the integer front-end."""
    return compress(exact, Sounds("babble", clips, clips), Request("int8", prune_share=0.34, golden_samples=0)).model


def divergence(exact, rounded, clips):
    """Mean divergence of the answers of two models, step by step, by the C core."""
    found = []
    with LNN(write(exact)) as a, LNN(write(rounded)) as b:
        for clip in clips:
            ends = np.arange(a.tick_samples, len(clip) + 1, a.tick_samples)
            p, q = (torch.log_softmax(torch.from_numpy(replay(lnn, clip, ends)).double(), -1) for lnn in (a, b))
            found.append((p.exp() * (p - q)).sum(-1).mean().item())
    return float(np.mean(found))


def evidence(model, features, dt):
    """Of the C core after some steps, features (T, M), dt (T,)."""
    with LNN(write(model)) as lnn:
        if model.traces:  # and a liquid readout
            return [lnn.step(u, float(dt_s)) for u, dt_s in zip(features.numpy(), dt.numpy(), strict=True)][-1]
        total = np.zeros(len(model.labels))
        for u, dt_s in zip(features.numpy(), dt.numpy(), strict=True):
            total += dt_s / (dt_s + model.readout.smoothing_s) * (lnn.step(u, float(dt_s)) - total)
    return total


@pytest.mark.parametrize("stages, every, grid", [(0, None, 0), (1, None, 0), (1, (1, 2), 0), (1, (1, 2, 1), 1)])
def test_the_loop_and_the_teacher_compute_what_the_core_computes(exact, pruned, clips, stages, every, grid):
    if stages:
        exact = with_grid(with_stages(exact), 8, 4, 4) if grid else exact
        exact = exact if grid else with_stages(exact)
        exact = with_rhythm(exact, every) if every else exact
        pruned = compress(exact, Sounds("babble", clips, clips), Request("int8", golden_samples=0)).model
    given, same = lessons(exact, pruned, clips[:32]), lessons(exact, exact, clips[:32])
    with torch.no_grad():
        got = RoundedNet(pruned)(given.heard, given.dt)
    for k in range(4):
        n = int((given.dt[:, k] > 0).sum())
        rounded = evidence(pruned, given.heard[:n, k], given.dt[:n, k])
        assert np.all(np.abs(got[n - 1, k].numpy() - rounded) < 0.02 + 0.005 * np.abs(rounded))
        assert np.abs(given.wanted[n - 1, k].numpy() - evidence(exact, same.heard[:n, k], given.dt[:n, k])).max() < 1e-3


def test_tuning_brings_a_pruned_model_nearer_to_the_float_one(exact, pruned, clips):
    many, fresh = ([babble(6000, seed) for seed in seeds] for seeds in (range(1000, 1400), range(2000, 2040)))
    tuned = fine_tune(exact, pruned, many, 150)
    assert divergence(exact, tuned, fresh) < 0.85 * divergence(exact, pruned, fresh)
    assert zero_block_share(tuned.cells) >= zero_block_share(pruned.cells) > 0.3
    assert all(np.array_equal(a.scale_state, b.scale_state) for a, b in zip(tuned.cells, pruned.cells, strict=True))
    assert write(tuned) != write(pruned)


def test_a_model_with_traces_and_a_liquid_readout_is_tuned(exact, clips):
    exact = with_stages(exact)
    request = Request("int8", prune_share=0.34, golden_samples=0)
    rounded = compress(exact, Sounds("babble", clips, clips), request).model
    tuned = fine_tune(exact, rounded, clips, 30)
    assert tuned is not rounded, "it is nearer to the float model on clips that it has not learned from"
    assert np.array_equal(tuned.traces.tau, exact.traces.tau)
    assert not np.array_equal(tuned.readout.bias, rounded.readout.bias)
    assert not np.array_equal(tuned.readout.inv_tau, rounded.readout.inv_tau)
    write(tuned)


def test_rows_of_int16_stay_within_the_formats_bound(exact, clips):
    wide = compress(exact, Sounds("babble", clips, clips), Request("int16", prune_share=0.5, golden_samples=0)).model
    tuned = fine_tune(exact, wide, clips, 20, learning_rate=0.05)
    write(tuned)
    assert max(np.abs(c.weights_state.astype(int)).sum(1).max() for c in tuned.cells) <= ROW_LIMIT_S16
    net = RoundedNet(wide)
    with torch.no_grad():
        net.cells[0].state.weight.mul_(1.5)
    assert np.abs(net.write_to(wide).cells[0].weights_state.astype(int)).sum(1).max() <= ROW_LIMIT_S16


def test_what_gains_nothing_stays_as_it_was(exact, pruned, clips):
    assert fine_tune(exact, pruned, clips, 0) is pruned


def test_what_cannot_be_tuned_is_refused_by_name(exact, pruned, clips):
    with pytest.raises(FineTuneError, match="anomaly"):
        fine_tune(dataclasses.replace(exact, task="anomaly"), integer_model(), clips, 1)
    with pytest.raises(FineTuneError, match="float32"):
        fine_tune(exact, exact, clips, 1)
    with pytest.raises(FineTuneError, match="recordings"):
        fine_tune(exact, pruned, [noise(12000, level=1e-5)] * 40, 1)


def test_a_grid_is_tuned_too(exact, clips):
    exact = with_grid(with_stages(exact), 8, 4, 4)
    request = Request("int8", "cortex_m55", golden_samples=0, prune_share=0.4)
    rounded = compress(exact, Sounds("babble", clips, clips), request).model
    tuned = fine_tune(exact, rounded, [babble(6000, seed) for seed in range(1000, 1200)], 60)
    fresh = [babble(6000, seed) for seed in range(2000, 2040)]
    assert divergence(exact, tuned, fresh) < 0.8 * divergence(exact, rounded, fresh)
    assert not np.array_equal(tuned.cells[0].weights, rounded.cells[0].weights)
