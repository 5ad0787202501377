# SPDX-License-Identifier: MIT
"""Networks to compare with: their sizes, their costs, that they learn, and what lost frames are."""

import numpy as np
import pytest
import torch
from liquid_audio_nets.training import LNNTrainer, UnsupportedCell
from liquid_audio_nets.training.compare import lost_frames
from liquid_audio_nets.training.compare.windows import Windows, answers
from liquid_audio_nets.training.loop.export import to_model
from liquid_audio_nets.training.nets.registry import ARCHS, macs_per_run, macs_per_second, make_arch, settings
from torch.utils.flop_counter import FlopCounterMode

LABELS = ("yes", "no", "up", "down", "left", "right", "stop", "go", "_unknown_", "_silence_")
# Published: MLPerf Tiny's DS-CNN has about 23 k parameters and 2.66 M MACs; BC-ResNet-1 9.2 k parameters.
SIZES = {
    "ltc": (30730, 30336),
    "ltc_const": (30554, 29992),
    "cfc": (30510, 30000),
    "gru": (30661, 30039),
    "fastgrnn": (30374, 29992),
    "ds_cnn": (23050, 2676640),
    "bc_resnet_1": (9156, 1228920),
}


def clips(count: int, ticks: int = 50):
    """Tones of two channels' height, and their labels 0 and 1: log_mel (B, T, 40)."""
    torch.manual_seed(3)
    label = torch.arange(count) % 2
    log_mel = torch.randn(count, ticks, 40)
    log_mel[label == 1, 10:40, 5:9] += 3
    return log_mel, label


@pytest.mark.parametrize("name", ARCHS)
def test_sizes_and_costs(name):
    net = make_arch(name, LABELS)
    assert (net.parameter_count(), macs_per_run(net.config)) == SIZES[name]
    assert macs_per_second(net.config) == macs_per_run(net.config) * (4 if ARCHS[name].windowed else 50)


@pytest.mark.parametrize("name", [name for name in ARCHS if name != "ltc"])
def test_costs_are_what_torch_counts(name):
    """Every product of matrices and every convolution that runs; `ltc` has its own kernel, counted below."""
    net, ticks = make_arch(name, LABELS).eval(), 50 if ARCHS[name].windowed else 1
    dt = torch.zeros(ticks, 1)  # the path of a single step, which torch can count
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(torch.randn(ticks, 1, 40), dt, torch.zeros(ticks, 1))
    assert counter.get_total_flops() == 2 * macs_per_run(net.config)


def test_cost_of_the_ltc_is_its_matrices():
    net = make_arch("ltc", LABELS)
    assert macs_per_run(net.config) == sum(cell.weight.numel() for cell in net.cells) + net.readout.weight.numel()


def test_recurrent_networks_are_of_one_size():
    sizes = [make_arch(name, LABELS).parameter_count() for name, arch in ARCHS.items() if not arch.windowed]
    assert max(sizes) < 1.02 * min(sizes)


@pytest.mark.parametrize("name", ARCHS)
def test_training_lowers_the_loss_and_is_the_same_for_the_same_seed(name, tmp_path):
    def trained(seed: int) -> tuple[list[float], LNNTrainer]:
        trainer = LNNTrainer({**settings(name), "labels": LABELS, "warmup_steps": 2, "total_steps": 8, "seed": seed})
        return [trainer.train_step(clips(16)) for _ in range(8)], trainer

    losses, trainer = trained(1)
    assert losses[-1] < 0.9 * losses[0]
    assert trained(1)[0] == losses and trained(2)[0] != losses
    trainer.save(tmp_path / "net.safetensors")
    again = LNNTrainer.load(tmp_path / "net.safetensors")
    dt = torch.full((50, 4), 0.02)
    x = clips(4)[0].transpose(0, 1)
    assert torch.equal(again.average(x, dt, 0 * dt)[0], trainer.average(x, dt, 0 * dt)[0])


@pytest.mark.parametrize("name", ["gru", "fastgrnn", "cfc", "ltc_const", "ltc"])
def test_no_step_leaves_the_state_alone(name):
    """Ticks without a step in between change nothing: what dt = 0 means."""
    cell = make_arch(name, LABELS).cells[0]
    u, dt, h0 = torch.randn(6, 3, 40), torch.full((6, 3), 0.02), torch.zeros(3, cell.units)
    gaps, sparse = u.repeat_interleave(2, 0), dt.repeat_interleave(2, 0)
    sparse[1::2] = 0
    assert torch.allclose(cell(gaps, sparse, h0)[1::2], cell(u, dt, h0), atol=1e-5)


def test_networks_that_are_no_product_are_not_exported():
    for name in ("gru", "ds_cnn"):
        with pytest.raises(UnsupportedCell, match=f"{name}.*cannot be exported"):
            to_model(make_arch(name, LABELS))
    with pytest.raises(UnsupportedCell, match=r"unknown network 'dscnn'.*ds_cnn"):
        settings("dscnn")
    with pytest.raises(UnsupportedCell, match=r"'ds_cnn' has no cells.*complexity_penalty"):
        LNNTrainer({**settings("ds_cnn"), "output_dim": 2}).train_step(clips(4), lambda_power=0.1)


@pytest.fixture(scope="module")
def windows():
    log_mel, label = clips(40)
    heard = np.ones((50, 40), bool)
    heard[45:, 7] = False
    return Windows(log_mel.transpose(0, 1).contiguous(), heard, label.numpy(), 0.02)


def test_frames_that_come(windows):
    assert lost_frames.arrived(windows, "none").sum() == windows.heard.sum()
    assert lost_frames.arrived(windows, "twice the hop").sum() == 40 * 25 - 3 + 0
    share = lost_frames.arrived(windows, "a quarter dropped").sum() / windows.heard.sum()
    assert 0.7 < share < 0.8
    came = lost_frames.arrived(windows, "four times the hop")
    dt = lost_frames.elapsed(came, 0.02)
    assert np.allclose(dt[came], 0.08) and not dt[~came].any()
    quarter = lost_frames.arrived(windows, "a quarter dropped")
    last = 50 - np.argmax(quarter[::-1], 0)  # all time up to the last frame is accounted for
    assert np.allclose(lost_frames.elapsed(quarter, 0.02).sum(0), last * 0.02, atol=1e-5)


def test_what_stands_in_for_a_lost_frame(windows):
    came, mean = lost_frames.arrived(windows, "four times the hop"), torch.full((40,), 7.0)
    zero, held = (lost_frames.filled(windows, came, fill, mean) for fill in ("zero", "hold"))
    assert (zero[0, 0] == 7).all() and torch.equal(zero[3], windows.log_mel[3])
    assert (held[2, 0] == 7).all() and torch.equal(held[3:7], windows.log_mel[3].expand(4, -1, -1))
    assert torch.equal(held[46:, 7], windows.log_mel[46:, 7])  # after the clip's end nothing is lost


def test_a_liquid_net_bears_lost_frames(windows):
    trainer = LNNTrainer(
        {
            **settings("ltc"),
            "hidden_dim": (16, 12),
            "labels": LABELS[:2],
            "warmup_steps": 2,
            "total_steps": 60,
            "ema_decay": 0.5,
            "learning_rate": 2e-2,
        }
    )
    for _ in range(60):
        trainer.train_step(clips(40))
    got = {loss: lost_frames.accuracy(trainer.average, windows, loss, "true dt") for loss in lost_frames.LOSSES}
    assert got["none"] > 0.95 and got["twice the hop"] > 0.9
    assert got["none"] == (answers(trainer.average, windows) == windows.label).mean()
