# SPDX-License-Identifier: MIT
"""Synthetic speech and mixing."""

import numpy as np
import pytest
from liquid_audio_nets.audio import AudioError, Voice, active_rms, mix_at_snr, rms, say, voices
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


def test_mixing_silence_is_silence():
    assert not mix_at_snr(np.zeros(1000, np.int16), np.ones(1000), 0.0).any()
