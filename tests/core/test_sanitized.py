# SPDX-License-Identifier: MIT
"""A long random use of the engine under AddressSanitizer and UndefinedBehaviorSanitizer."""

import pytest
import sanitized
from liquid_audio_nets.lnn import save
from small_model import integer_model, small_model


@pytest.fixture(scope="module")
def soak(tmp_path_factory, root):
    flags = ("-Wall", "-Wextra", "-fsanitize=float-cast-overflow")
    return sanitized.build(root / "tests/core/soak.c", tmp_path_factory.mktemp("soak") / "soak", *flags)


@pytest.mark.parametrize("make", [small_model, integer_model])
def test_soak(soak, tmp_path, make):
    save(make(labels=("a", "b", "c", "d", "_silence_")), tmp_path / "model.lnn")
    assert "steps" in sanitized.run(soak, tmp_path / "model.lnn")
