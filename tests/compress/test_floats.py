# SPDX-License-Identifier: MIT
"""The float model that an integer one stands for."""

import numpy as np
import pytest
from liquid_audio_nets.compress import CompressError, Request, Sounds, compress
from liquid_audio_nets.compress.floats import as_float
from liquid_audio_nets.lnn import write
from liquid_audio_nets.lnn.integer import INTEGER_FRONTENDS
from liquid_audio_nets.native import LNN, replay
from small_model import babble, small_model, with_stages


def logits(model, samples):
    with LNN(write(model)) as lnn:
        return replay(lnn, samples, np.arange(lnn.tick_samples, len(samples) + 1, lnn.tick_samples))


def rounded(model, frontend="auto"):
    clips = [babble(16000, seed) for seed in range(12)]
    return compress(model, Sounds("babble", clips, clips), Request("int8", frontend=frontend)).model


@pytest.mark.parametrize("stages", [False, True])
@pytest.mark.parametrize("frontend", INTEGER_FRONTENDS)
def test_it_answers_like_the_integer_model(frontend, stages):
    integer = rounded(with_stages(small_model()) if stages else small_model(), frontend)
    assert integer.frontend.kind == frontend
    sound = babble(32000, 99)
    theirs, ours = logits(integer, sound), logits(as_float(integer), sound)
    assert np.sqrt(np.mean((ours - theirs) ** 2)) < 0.15 * np.ptp(theirs)  # random weights amplify small differences


def test_a_float_model_stands_for_itself():
    model = small_model()
    assert as_float(model) is model


def test_front_ends_that_training_does_not_have_are_refused():
    with pytest.raises(CompressError, match="256 samples; only one of 512 can be trained"):
        as_float(rounded(small_model(window_samples=256)))
    with pytest.raises(CompressError, match="filters are not those"):
        as_float(rounded(small_model(low_hz=300.0, high_hz=4000.0)))
