# SPDX-License-Identifier: MIT
"""What a step costs, counted by a board, against what liquid-compress estimates without one."""

import pytest
from liquid_audio_nets.evaluation.stages import send_sound, stages
from liquid_audio_nets.lnn import load
from liquid_audio_nets.lnn.costs import estimate
from small_model import noise
from virtual_board import MODEL


def test_estimates_are_near_what_the_board_counts(m4f):
    send_sound(m4f, noise(8000))
    counted, estimated = stages(m4f, "/models/keywords.lnn"), estimate(load(MODEL), "cortex_m4")
    assert counted == {stage: pytest.approx(cost, rel=0.1) for stage, cost in estimated.items()}


def test_silence_costs_no_step(m4f):
    send_sound(m4f, noise(3200, level=0.0))
    assert stages(m4f, "/models/keywords.lnn") == {}
