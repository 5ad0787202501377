# SPDX-License-Identifier: MIT
"""Synthetic speech and mixing."""

import numpy as np
import pytest
from liquid_audio_nets.audio import AudioError, Voice, active_rms, mix_at_snr, rms, say, voices
from liquid_audio_nets.audio.codecs import CODECS, coded
from liquid_audio_nets.audio.mixing import mains_hum
from liquid_audio_nets.audio.speech import engines, random_voice

needs_voice = pytest.mark.skipif(not engines(), reason="neither espeak-ng nor flite is installed")


@needs_voice
def test_every_program_speaks_16_khz_without_leading_silence():
    for engine in engines():
        voice = next(v for v in voices() if v.engine == engine)
        speech = say("stop", voice)
        assert speech.dtype == np.int16 and 3000 < len(speech) < 20000
        assert np.abs(speech[:2000]).max() > 100


@needs_voice
def test_rate_changes_the_length():
    voice = voices()[0]
    slow, fast = (len(say("computer", Voice(voice.engine, voice.name, rate))) for rate in (0.8, 1.3))
    assert slow > 1.2 * fast


@needs_voice
def test_random_voices_are_those_of_the_seed():
    first, second = ([str(random_voice(np.random.default_rng(4), voices())) for _ in range(3)] for _ in range(2))
    assert first == second


def test_without_a_program_the_message_says_what_to_install():
    with pytest.raises(AudioError, match="apt install"):
        voices(installed=[])


def test_mixture_has_the_snr_asked_for():
    rng = np.random.default_rng(0)
    speech = np.zeros(32000)
    speech[8000:16000] = 0.1 * np.sin(np.arange(8000) * 0.3)
    noise = rng.standard_normal(32000)
    mixed = mix_at_snr(speech, noise, 12.0) / 32768.0
    assert np.isclose(20 * np.log10(active_rms(speech) / rms(mixed[20000:])), 12.0, atol=0.3)


def test_codecs_lose_what_they_are_known_to_lose():
    rng = np.random.default_rng(0)
    sound = (8000 * rng.standard_normal(16000 + 7) * np.repeat(rng.uniform(0.1, 1, 17), 1000)[: 16000 + 7]).clip(
        -32768, 32767
    )
    for codec in CODECS:
        passed = coded(sound.astype(np.int16), codec)
        assert passed.dtype == np.int16 and len(passed) == len(sound) and not np.array_equal(passed, sound)
        spectrum = np.abs(np.fft.rfft(passed))
        high = (spectrum[5000:] ** 2).sum() / (spectrum**2).sum()
        assert (high < 0.02) == (codec in ("telephone", "gsm")), codec
        speech, heard = (np.abs(x[:16000].astype(float)).reshape(-1, 1000).mean(1) for x in (sound, passed))
        assert np.corrcoef(speech, heard)[0, 1] > 0.8, codec  # not delayed


def test_hum_is_its_mains_frequency_with_harmonics_and_an_offset():
    hums = [mains_hum(16000, 50.0, seed) / 32768 for seed in range(8)]
    for hum in hums:
        power = np.abs(np.fft.rfft(hum)) ** 2
        assert power[50:1001:50].sum() > 0.9 * power[1:].sum() and np.isclose(hum.std(), 0.05, rtol=0.02)
    assert max(abs(hum.mean()) for hum in hums) > 0.05


def test_mixing_silence_is_silence():
    assert not mix_at_snr(np.zeros(1000, np.int16), np.ones(1000), 0.0).any()
