# SPDX-License-Identifier: MIT
"""The gate with a floor_ratio: deaf to DC and rumble, and quiet in a noisy room, but not to quiet speech."""

import numpy as np
import pytest
from liquid_audio_nets.lnn import Policy, write
from liquid_audio_nets.native import LNN
from small_model import small_model

QUIET_MIC = Policy(energy_threshold=0.0002, floor_ratio=2.0)
T = np.arange(16_000) / 16_000
NOISE = np.random.default_rng(0).normal(size=(12, 16_000))

ROOMS = {
    "DC of 100 LSB": lambda k: 100 + 3 * NOISE[k],
    "25 Hz of amplitude 20": lambda k: 20 * np.sin(2 * np.pi * 25 * T) + 3 * NOISE[k],
    "white noise of 11 LSB": lambda k: 11 * NOISE[k],
    "hum at 50 Hz": lambda k: 300 * np.sin(2 * np.pi * 50 * T),
    "loud kitchen": lambda k: 500 * NOISE[k],
}


def opens(lnn: LNN, signal: np.ndarray) -> bool:
    lnn.counters(clear=True)
    lnn.process(np.clip(np.rint(signal), -32768, 32767).astype(np.int16))
    counted = lnn.counters()
    return counted["gated_ticks"] < counted["ticks"]


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("above_db", [12, 20])
def test_a_room_sleeps_and_a_voice_in_it_is_heard(room, above_db):
    """Finding 03: DC of 11 LSB or rumble kept the gate open."""
    syllables = np.sin(2 * np.pi * 220 * T) * (np.sin(2 * np.pi * 4 * T) > 0)
    with LNN(write(small_model(policy=QUIET_MIC))) as lnn:
        for k in range(11):
            awake = opens(lnn, ROOMS[room](k))
        assert not awake
        noise_rms = max(np.std(ROOMS[room](11)), 6)
        assert opens(lnn, ROOMS[room](11) + syllables * noise_rms * 2**0.5 * 10 ** (above_db / 20))


def test_speech_at_60_db_below_full_scale_opens_it():
    voice = 2**0.5 * 32768 * 10 ** (-60 / 20) * np.sin(2 * np.pi * 220 * T)
    with LNN(write(small_model(policy=QUIET_MIC))) as lnn:
        for k in range(3):
            assert not opens(lnn, 2 * NOISE[k])
        assert opens(lnn, voice + 2 * NOISE[3])
        lnn.energy_threshold, lnn.floor_ratio = 0.001, 0.0
        lnn.reset()
        assert opens(lnn, 100 + 2 * NOISE[4]), "the gate of older files counts DC"


@pytest.mark.parametrize(
    "hz, least_db, most_db", [(0, -200, -60), (25, -17, -13), (60, -9, -6), (200, -1, 0.1), (3000, -0.2, 0.1)]
)
def test_what_the_energy_counts(hz, least_db, most_db):
    tone = 8000 * np.cos(2 * np.pi * hz * np.arange(64_000) / 16_000)
    with LNN(write(small_model(policy=Policy(floor_ratio=2.0, min_timestep_us=100_000)))) as lnn:
        energies = [lnn.process(part.astype(np.int16)).energy for part in tone.reshape(-1, 1600)]
    db = 20 * np.log10(max(np.mean(energies), 1e-9) / (np.sqrt(np.mean(tone**2)) / 32768))
    assert least_db <= db <= most_db
