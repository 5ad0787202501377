# SPDX-License-Identifier: MIT
"""Training that begins with the weights of a model file or of a checkpoint."""

import numpy as np
import pytest
import torch
from liquid_audio_nets import lnn
from liquid_audio_nets.training import LNNTrainer
from liquid_audio_nets.training.loop.export import to_model
from liquid_audio_nets.training.loop.start_from import start_from
from liquid_audio_nets.training.settings.errors import TrainingError

LABELS = ("yes", "no", "_silence_")
SMALL = {"labels": LABELS, "hidden_dim": (6, 4)}


@pytest.mark.parametrize("liquid", [False, True])
@pytest.mark.parametrize("name", ["model.lnn", "model.safetensors"])
def test_the_weights_are_those_of_the_file(tmp_path, liquid, name):
    settings = SMALL | {"traces": liquid, "liquid_readout": liquid}
    first = LNNTrainer(settings | {"seed": 1})
    first.normalise(torch.randn(5, 4, 40))
    path = tmp_path / name
    if path.suffix == ".lnn":
        lnn.save(to_model(first.average), path)
    else:
        first.save(path)
    second = LNNTrainer(settings | {"seed": 2})
    start_from(second, path)
    for net in (second.net, second.average):
        for key, value in first.average.state_dict().items():
            assert torch.allclose(net.state_dict()[key], value, atol=1e-6), key


@pytest.mark.parametrize(
    "change, says",
    [
        ({"labels": ("yes", "go", "_silence_")}, "answers yes, no, _silence_, not yes, go, _silence_"),
        ({"hidden_dim": (6, 7)}, r"cells.1.bias is 8, 14 is wanted"),
        ({"traces": True}, r"cells.0.weight is 12 x 46, 12 x 86 is wanted"),
        ({"liquid_readout": True}, r"listening.bias is absent, 3 is wanted"),
    ],
)
def test_another_network_is_refused_by_what_differs(tmp_path, change, says):
    LNNTrainer(SMALL).save(tmp_path / "a.pt")
    with pytest.raises(TrainingError, match=says):
        start_from(LNNTrainer(SMALL | change), tmp_path / "a.pt")


def test_a_file_that_is_no_model_is_refused(tmp_path):
    (tmp_path / "a.lnn").write_bytes(np.zeros(100, np.uint8).tobytes())
    with pytest.raises(TrainingError, match=r"a\.lnn: "):
        start_from(LNNTrainer(SMALL), tmp_path / "a.lnn")
    with pytest.raises(TrainingError, match="No such file"):
        start_from(LNNTrainer(SMALL), tmp_path / "b.lnn")
