# SPDX-License-Identifier: MIT
"""Class LNN: loading, blocks of audio, settings, errors."""

import array
import gc
import threading

import numpy as np
import pytest
from liquid_audio_nets._core import ffi, lib
from liquid_audio_nets.lnn import FrontEndQ15, LnnError, Policy, checks, write
from liquid_audio_nets.lnn.layout import ERRORS, RANGES
from liquid_audio_nets.lnn.ranges import shown_name
from liquid_audio_nets.native import LNN, add_golden, error_name
from small_model import integer_model, noise, small_model


def test_load_from_path_and_buffers(model_path):
    data = model_path.read_bytes()
    for source in (model_path, str(model_path), data, bytearray(data), memoryview(data), memoryview(b"x" + data)[1:]):
        with LNN.load(source) as lnn:
            assert lnn.labels == ("yes", "no", "_silence_") and lnn.sample_rate == 16000
            assert lnn.model_bytes == len(data) and 4000 < lnn.ram_bytes < 8000
    assert LNN.from_file(model_path).labels


def test_blocks_of_every_int16_kind(model_bytes):
    audio = noise(1000)
    with LNN(model_bytes) as lnn:
        counts = []
        for block in (audio, array.array("h", audio.tobytes()), audio.tobytes(), audio[::2], audio[:0], b""):
            lnn.process(block)
            counts.append(lnn.counters(clear=True)["samples"])
    assert counts == [1000, 1000, 1000, 500, 0, 0]


@pytest.mark.parametrize(
    "block, error",
    [
        (b"abc", ValueError),
        (np.zeros(4), TypeError),
        (np.zeros((2, 2), np.int16), TypeError),
        ("text", TypeError),
        (array.array("f", [0.0]), TypeError),
        (None, TypeError),
    ],
)
def test_blocks_of_the_wrong_kind_are_refused(model_bytes, block, error):
    with LNN(model_bytes) as lnn, pytest.raises(error):
        lnn.process(block)


def test_policy_fields_are_readable_and_writable(model_bytes):
    with LNN(model_bytes) as lnn:
        for name, value in lnn.policy.items():
            setattr(lnn, name, value)
            assert getattr(lnn, name) == value
        lnn.set_adaptive_config(min_timestep=0.001, max_timestep=0.05, energy_threshold=0.1, complexity="spectral_flux")
        assert (lnn.min_timestep, lnn.max_timestep, lnn.complexity) == (0.001, 0.05, "spectral_flux")
        before = lnn.policy
        for wrong, reason in (
            ({"min_timestep": 1}, "min_timestep is 1 s; it must be from 0.001 s to 0.05 s (max_timestep)"),
            ({"complexity": "loud"}, "complexity is 'loud'; it must be energy, spectral_flux or zero_crossings"),
            ({"energy_threshold": float("nan")}, "energy_threshold is nan; it must be from 0 to 1"),
            ({"max_timestep": -1}, "max_timestep is -1 s; it must be from 0.001 s to 1 s"),
            ({"max_timestep": 2}, "max_timestep is 2 s; it must be from 0.001 s to 1 s"),
            ({"release_growth": 0.5}, "release_growth is 0.5; it must be from 1 to 100"),
            ({"attack_threshold": 0.1}, "attack_threshold is 0.1; it must be from 0.25 (release_threshold) to 1000"),
            ({"hold": 1e12}, "hold is 1e+12 s; it must be from 0 s to 10 s"),
            ({"hold": -1}, "hold is -1 s; it must be from 0 s to 10 s"),
            ({"hold": float("inf")}, "hold is inf s; it must be from 0 s to 10 s"),
            ({"min_timestep": float("nan")}, "min_timestep is nan s; it must be from 0.001 s to 0.05 s (max_timestep)"),
        ):
            with pytest.raises(LnnError) as caught:
                lnn.set_adaptive_config(**wrong)
            assert str(caught.value) == f"POLICY: the timestep policy is impossible ({reason})"
        with pytest.raises(TypeError, match="no policy field 'speed'"):
            lnn.set_adaptive_config(speed=1)
        with pytest.raises(TypeError, match="hold is a number, not '1'"):
            lnn.hold = "1"
        assert lnn.policy == before


def test_the_core_and_the_host_refuse_the_same_policies(model_bytes):
    """Just inside and just outside of every end of every range; lnn_policy_fault() and checks.policy() agree."""
    usual = vars(Policy(1000, 1_000_000, attack_threshold=1000.0, release_threshold=0.0)) | {"complexity": 0}
    for name, range_ in RANGES["policy"].items():
        for end, step in zip(range_.ends(usual), (-1, 1), strict=True):
            whole = isinstance(usual[name], int)
            outside = end + step if whole else np.nextafter(np.float32(end), np.float32(step * np.inf))
            for value, fault in ((end, ""), (outside, name)):
                if whole and value < 0:
                    continue  # cannot be stored
                policy = usual | {name: value}
                assert lib.lnn_policy_fault(ffi.new("lnn_policy_t *", policy), ffi.NULL) == bool(fault), (name, value)
                if fault:
                    with pytest.raises(LnnError, match=f"{shown_name(name)} is "):
                        checks.policy(policy)
                else:
                    checks.policy(policy)


def test_a_result_outlives_its_lnn(model_bytes):
    audio = noise(16000)
    with LNN(model_bytes) as lnn:
        right = lnn.process(audio).scores
    result = LNN(model_bytes).process(audio)
    gc.collect()
    junk = [np.full(size, 0x41414141, np.uint32) for size in range(100, 2000)]
    assert result.scores == right and junk


def test_thresholds(model_bytes):
    with LNN(model_bytes) as lnn:
        lnn.thresholds["yes"] = 0.75
        assert lnn.thresholds[0] == 0.75 and list(lnn.thresholds) == [0.75, 0.5, 0.0]
        with pytest.raises(KeyError, match="no label 'maybe'"):
            lnn.thresholds["maybe"]
        with pytest.raises(LnnError, match=r"threshold is 1\.5; it must be from 0 to 1"):
            lnn.thresholds["yes"] = 1.5


def test_selftest_passes_and_finds_a_changed_weight():
    model = small_model()
    with LNN(write(model)) as lnn, pytest.raises(LnnError) as caught:
        lnn.selftest()
    assert caught.value.name == "NO_GOLDEN"
    model = add_golden(model, noise(8000))
    with LNN(write(model)) as lnn:
        lnn.process(noise(999))
        lnn.energy_threshold = 0.3  # the self-test uses the file's own policy
        assert lnn.selftest() < 1e-5
        assert lnn.energy_threshold == pytest.approx(0.3)
    model.readout.b[0] += 0.1
    with LNN(write(model)) as lnn, pytest.raises(LnnError) as caught:
        lnn.selftest()
    assert caught.value.name == "SELFTEST"


def test_golden_vectors_need_sound():
    with pytest.raises(LnnError, match="energy gate"):
        add_golden(small_model(), np.zeros(16000, np.int16))


def test_closed_model_says_so(model_bytes):
    lnn = LNN(model_bytes)
    lnn.deinit()
    lnn.deinit()
    with pytest.raises(ValueError, match="deinit"):
        lnn.process(b"")


def test_error_names_are_those_of_the_format():
    assert {error_name(code): code for code, *_ in ERRORS.values()} == {
        name: code for name, (code, *_) in ERRORS.items()
    }


def test_models_in_threads_do_not_disturb_each_other(model_bytes):
    audio, scores = noise(160_000), []

    def run():
        with LNN(model_bytes) as lnn:
            scores.append(lnn.process(audio).scores)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(scores)) == 1


@pytest.mark.parametrize("make", [small_model, integer_model])
def test_a_step_clips_features_as_the_file_says(make):
    """Finding r3: integer models clipped at 7.97 instead of at the file's clip."""
    model = make()
    if isinstance(model.frontend, FrontEndQ15):
        model.frontend.clip_q12 = 4096
    else:
        model.frontend.feature_clip = 1.0
    with LNN(write(model)) as lnn:
        at_the_clip = lnn.step(np.ones(40), 0.02)
        lnn.reset()
        assert (lnn.step(np.full(40, 3.0), 0.02) == at_the_clip).all()
