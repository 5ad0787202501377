# SPDX-License-Identifier: MIT
"""Training's picture of the engine: which ticks run a step, and with what elapsed time."""

import numpy as np
import pytest
from liquid_audio_nets.reference.engine import Meter
from liquid_audio_nets.training.data.schedule import Policy, engine_schedule, random_schedule

POLICY = Policy(min_timestep_us=20_000, hold_us=200_000)


def play(level):
    return engine_schedule(np.square(np.asarray(level, float))[:, None].repeat(2, 1), POLICY)


def test_silence_runs_nothing():
    schedule = play(np.full(50, 0.00005))
    assert not schedule.dt.any() and (schedule.closed == np.float32(0.02)).all()


def test_speech_runs_every_tick():
    assert (play(np.full(50, 0.1)).dt == np.float32(0.02)).all()


def test_gate_holds_then_closes_and_the_gap_is_one_long_step():
    level = np.r_[np.full(10, 0.1), np.zeros(30), np.full(5, 0.1)]
    schedule = play(level)
    closed = schedule.closed[:, 0] > 0
    assert closed.tolist() == [10 + 10 <= t < 40 for t in range(45)]
    assert schedule.dt[40, 0] > 0.3 and schedule.dt[41, 0] == np.float32(0.02)


def test_steady_noise_grows_the_timestep_to_its_maximum():
    schedule = play(np.full(800, 0.01))
    late = schedule.dt[-100:, 0]
    assert np.isclose(late[late > 0], 0.1).all()


def test_no_time_is_lost_while_open():
    rng = np.random.default_rng(0)
    level = 10 ** rng.uniform(-2.5, -1, 400)
    dt = play(level).dt[:, 0]
    assert abs(dt.sum() - 8.0) <= 0.1


def test_random_schedule_tells_the_true_time():
    schedule = random_schedule(200, 64, np.random.default_rng(1))
    runs = schedule.dt > 0
    for b in range(64):
        at = np.flatnonzero(runs[:, b])
        assert np.allclose(np.diff(at) * 0.02, schedule.dt[at[1:], b], atol=1e-6)
    assert 0.2 < runs.mean() < 0.6


@pytest.mark.parametrize("tick_ms, floor_ratio", ((20, 0.0), (30, 0.0), (30, 2.0)))
def test_schedule_is_the_cores(tick_ms, floor_ratio):
    core = pytest.importorskip("liquid_audio_nets.native")
    from liquid_audio_nets.lnn import write
    from liquid_audio_nets.training import LNNTrainer
    from liquid_audio_nets.training.loop.export import to_model

    rng = np.random.default_rng(3)
    level = np.repeat(10 ** rng.uniform(-4.5, -1, 60), 8)
    policy, tick = Policy(min_timestep_us=tick_ms * 1000, floor_ratio=floor_ratio), 16 * tick_ms
    audio = np.clip(rng.standard_normal((len(level), tick)) * level[:, None] * 32768, -32768, 32767).astype(np.int16)
    meter = Meter(policy)
    power = np.array([meter.power(x) for x in audio]) / tick / 2**30
    ours = engine_schedule(power[:, None], policy).dt[:, 0]
    trainer = LNNTrainer({"hidden_dim": (4,), "output_dim": 2})
    with core.LNN(write(to_model(trainer.net, policy=policy))) as net:
        ends = core.step_ends(net, audio.ravel())
    assert np.array_equal(np.flatnonzero(ours) + 1, ends // tick)
    assert np.allclose(ours[ours > 0], np.minimum(np.diff(ends, prepend=0) / 16000, 1.0), atol=1e-6)
