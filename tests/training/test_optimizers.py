# SPDX-License-Identifier: MIT
"""Optimisers, and how strongly synthetic speech is changed."""

import pytest
import torch
from liquid_audio_nets.training import LNNTrainer, TrainingError
from liquid_audio_nets.training.data.augment import Augment, channel_gain, warp_matrices
from liquid_audio_nets.training.loop.optimizers import make_optimizer

LABELS = ("yes", "no", "_unknown_", "_silence_")
SMALL = {
    "input_dim": 6,
    "hidden_dim": (5,),
    "labels": LABELS,
    "total_steps": 40,
    "warmup_steps": 2,
    "learning_rate": 2e-2,
    "smoothing_s": 0.02,
}


def tones(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Clips (B, T, C) with one loud channel, which is the label."""
    generator = torch.Generator().manual_seed(seed)
    label = torch.randint(4, (16,), generator=generator)
    clips = torch.randn(16, 12, 6, generator=generator)
    clips[torch.arange(16), :, label] += 3
    return clips, label


@pytest.mark.parametrize("kind", ("ltc", "gru", "ds_cnn"))
def test_every_parameter_has_one_optimiser(kind):
    net = LNNTrainer({"hidden_dim": () if kind == "ds_cnn" else (5,), "labels": LABELS, "cell_kind": kind}).net
    groups = make_optimizer(net, "muon", 0.01, 0.1).param_groups
    held = [id(p) for group in groups for p in group["params"]]
    assert sorted(held) == sorted(id(p) for p in net.parameters())
    assert [p.dim() for p in groups[-1]["params"]] == [1] * len(groups[-1]["params"]) and groups[-1][
        "weight_decay"
    ] == 0


def test_muon_learns_and_goes_on_from_a_checkpoint(tmp_path):
    whole, first = LNNTrainer(SMALL | {"optimizer": "muon"}), LNNTrainer(SMALL | {"optimizer": "muon"})
    losses = [whole.train_step(tones(k)) for k in range(40)]
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])
    for k in range(20):
        first.train_step(tones(k))
    first.save(tmp_path / "c.safetensors")
    second = LNNTrainer.load(tmp_path / "c.safetensors")
    for k in range(20, 40):
        second.train_step(tones(k))
    for a, b in zip(whole.average.parameters(), second.average.parameters(), strict=True):
        assert torch.equal(a, b)


def test_steps_of_a_cell_are_orthogonal():
    trainer = LNNTrainer(SMALL | {"optimizer": "muon", "weight_decay": 0.0})
    before = trainer.net.cells[0].weight.detach().clone()
    trainer.train_step(tones(1))
    stretch = torch.linalg.svdvals(trainer.net.cells[0].weight.detach() - before)
    assert stretch[len(stretch) // 2] > 0.4 * stretch[0]  # a gradient's would span decades


def test_an_optimiser_that_does_not_exist():
    with pytest.raises(TrainingError, match="no optimizer 'adam'; give adamw or muon"):
        LNNTrainer(SMALL | {"optimizer": "adam"})


def test_synthetic_speech_is_changed_by_strengths_of_its_own():
    a = Augment(
        warp=0.0, tilt_db=0.0, band_share=0.0, synthetic_warp=0.2, synthetic_warp_share=1.0, synthetic_tilt_db=9.0
    )
    synthetic = torch.tensor([False, True])

    def generator():
        return torch.Generator().manual_seed(3)

    warp, gain = warp_matrices(2, 40, a, generator(), synthetic), channel_gain(2, 40, a, generator(), synthetic)
    assert torch.equal(warp[0], torch.eye(40)) and not torch.equal(warp[1], torch.eye(40))
    assert torch.equal(gain[0], torch.ones(40)) and gain[1].max() / gain[1].min() > 1.2
    assert torch.equal(
        warp_matrices(2, 40, a, generator())[1], torch.eye(40)
    )  # recordings, where nothing is said of them
