# SPDX-License-Identifier: MIT
"""Random use and wrong use of the core under AddressSanitizer and UndefinedBehaviorSanitizer."""

import pytest
import sanitized
from liquid_audio_nets.lnn import save
from small_model import integer_model, small_model, with_stages


@pytest.fixture(scope="module")
def soak(tmp_path_factory, root):
    flags = ("-Wall", "-Wextra", "-fsanitize=float-cast-overflow")
    return sanitized.build(root / "tests/core/soak.c", tmp_path_factory.mktemp("soak") / "soak", *flags)


@pytest.mark.parametrize("stages", [False, True])
@pytest.mark.parametrize("make", [small_model, integer_model])
def test_soak(soak, tmp_path, make, stages):
    model = make(labels=("a", "b", "c", "d", "_silence_"))
    save(with_stages(model) if stages else model, tmp_path / "model.lnn")
    assert "steps" in sanitized.run(soak, tmp_path / "model.lnn")


def test_wrong_arguments_are_refused(tmp_path, root):
    save(small_model(units=(4, 2), window_samples=16, channels=4, low_hz=0.0), tmp_path / "model.lnn")
    sanitized.run(sanitized.build(root / "tests/core/promises.c", tmp_path / "promises"), tmp_path / "model.lnn")
