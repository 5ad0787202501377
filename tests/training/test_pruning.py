# SPDX-License-Identifier: MIT
"""Sparsity and power: what training counts is what the engine skips and runs."""

import dataclasses

import numpy as np
import pytest
import torch
from liquid_audio_nets.lnn import load, write
from liquid_audio_nets.training import LNNTrainer, UnsupportedCell
from liquid_audio_nets.training.data.schedule import Policy, engine_schedule
from liquid_audio_nets.training.nets.penalties import expected_work, power_loss
from liquid_audio_nets.training.nets.pruning import block_index, gradual_share, masks

TOY = {
    "hidden_dim": (16, 12),
    "labels": ("a", "b", "_silence_"),
    "total_steps": 60,
    "warmup_steps": 2,
    "learning_rate": 1e-2,
}


def clips(count: int = 24):
    """Noise with a tone in another channel for each label: log_mel (B, T, 40), labels (B,)."""
    labels = torch.arange(count) % 3
    log_mel = torch.randn(count, 8, 40, generator=torch.Generator().manual_seed(5))
    log_mel[torch.arange(count), :, labels * 10] += 3
    return log_mel, labels


def trained(**settings) -> LNNTrainer:
    trainer = LNNTrainer(TOY | settings)
    for _ in range(TOY["total_steps"]):
        trainer.train_step(clips())
    return trainer


def test_blocks_are_gate_and_reversal_of_two_units_by_four_columns():
    index = block_index(units=4, inputs=6)
    assert (index[[0, 1, 4, 5]][:, :4] == 0).all() and (index[[2, 3, 6, 7]][:, :4] == 3).all()
    assert (index[0, 4:6] == 1).all() and (index[0, 6:] == 2).all()  # a block never mixes inputs with states


def test_share_grows_steeply_first():
    shares = [gradual_share(t, 0.8, 0.2, 0.7) for t in (0.0, 0.2, 0.45, 0.7, 1.0)]
    assert shares[:2] == [0, 0] and shares[2] == pytest.approx(0.8 * 0.875) and shares[3:] == [0.8, 0.8]


@pytest.mark.parametrize("groups", (False, True))
def test_training_prunes_what_was_asked_and_still_learns(groups):
    trainer = trained(prune_share=0.5, prune_groups=groups)
    for net in (trainer.net, trainer.average):
        weights = torch.cat([cell.weight.ravel() for cell in net.cells])
        assert (weights == 0).float().mean() == pytest.approx(0.5, abs=0.02)
    log_mel, labels = clips()
    answer = trainer.net(log_mel.transpose(0, 1), torch.full((8, 24), 0.02), torch.zeros(8, 24))[0][-1].argmax(1)
    assert (answer == labels).float().mean() > 0.9


@pytest.mark.parametrize("optimizer", ("adamw", "muon"))
def test_what_is_pruned_stays_pruned_in_both_networks(optimizer):
    trainer = LNNTrainer(TOY | {"prune_share": 0.5, "prune_begin": 0.0, "optimizer": optimizer})
    before = [torch.zeros_like(cell.weight, dtype=torch.bool) for cell in trainer.net.cells]
    for _ in range(20):
        trainer.train_step(clips())
        now = [cell.weight == 0 for cell in trainer.net.cells]
        assert all((zero | ~earlier).all() for zero, earlier in zip(now, before, strict=True))
        before = now
    assert all(((c.weight == 0) == zero).all() for c, zero in zip(trainer.average.cells, before, strict=True))
    assert any(zero.any() for zero in before)


def test_whole_blocks_go_with_prune_groups():
    trainer = trained(prune_share=0.5)
    for cell in trainer.average.cells:
        index = block_index(cell.units, cell.inputs).ravel()
        zeros = torch.zeros(int(index.max()) + 1).index_add(0, index, (cell.weight == 0).float().ravel())
        assert ((zeros == 0) | (zeros == torch.bincount(index))).all() and (zeros > 0).any()


def test_cells_without_blocks_say_so():
    with pytest.raises(UnsupportedCell, match="prune_groups"):
        masks(LNNTrainer({"hidden_dim": 4, "cell_kind": "ltc_const"}).net.cells, 0.5, groups=True)
    with pytest.raises(UnsupportedCell, match="prune_share"):
        masks(LNNTrainer({"hidden_dim": 4, "cell_kind": "cfc"}).net.cells, 0.5, groups=True)


def test_power_loss_thins_out_blocks():
    torch.manual_seed(0)
    dt = torch.full((8, 24), 0.02)
    plain, thrifty = trained(optimizer="adamw"), trained(optimizer="adamw", complexity_penalty=20.0)
    assert power_loss(thrifty.average, dt, 0.02) < 0.95 * power_loss(plain.average, dt, 0.02)


def test_expected_work_is_what_the_engine_counts(tmp_path):
    core = pytest.importorskip("liquid_audio_nets.native")
    from liquid_audio_nets.compress import Request, compress, synthetic

    trainer, policy = trained(prune_share=0.5), Policy(min_timestep_us=20_000)
    trainer.average.cells[0].weight.mul_(3)  # nothing that stays is negligible
    trainer.average.cells[1].weight.mul_(3)
    path = trainer.export_embedded(tmp_path / "m.lnn", target="cortex-m4", policy=policy)
    content = load(path)
    small = compress(content, synthetic(content), Request(quantization="int8", target="cortex_m4")).model
    assert {cell.layout for cell in small.cells} == {"rows4x4_sparse"}

    rng = np.random.default_rng(3)
    level = np.repeat(10 ** rng.uniform(-4.5, -1, 60), 8)
    audio = np.clip(rng.standard_normal((len(level), 320)) * level[:, None] * 32768, -32768, 32767).astype(np.int16)
    power = np.mean((audio / 32768.0) ** 2, axis=1)
    dt = torch.from_numpy(engine_schedule(power[:, None], policy).dt)
    work = expected_work(trainer.average, dt, 0.02)
    with core.LNN(write(dataclasses.replace(small, golden=None))) as net:
        net.process(audio.ravel())
        counters, _model = net.counters(), net.model
        macs = counters["steps"] * net.info["macs_per_step"] - counters["skipped_macs"]
    seconds = audio.size / 16000
    assert counters["frontend_runs"] / seconds == pytest.approx(float(work.frontend_runs_per_s), rel=1e-6)
    assert counters["steps"] / seconds == pytest.approx(float(work.steps_per_s), rel=1e-6)
    assert macs / seconds == pytest.approx(float(work.macs_per_s), rel=0.02)
