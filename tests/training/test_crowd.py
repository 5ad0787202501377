"""Several networks trained at once: as good as alone, kept together, the best one exported."""

import json
import re

import pytest
import torch
from liquid_audio_nets.training import LNNTrainer, RecipeError, TrainingError
from liquid_audio_nets.training.loop.crowd import Crowd
from liquid_audio_nets.training.loop.log import read_log
from liquid_audio_nets.training.loop.run import train
from liquid_audio_nets.training.nets.cells import fused_sequence
from liquid_audio_nets.training.nets.leaky import leaky
from liquid_audio_nets.training.nets.together import forward_together, stacks
from liquid_audio_nets.training.settings.recipe import load as load_recipe
from tiny_task import SEED, TinyTask, run_of


@pytest.mark.parametrize("whole, grid", [(False, ""), (True, ""), (True, "8x4x2")])
def test_stacked_networks_give_what_each_gives_alone(whole, grid):
    """Evidence, state and gradients, also with weights that some networks share."""
    config = {"hidden_dim": (6, 4), "output_dim": 3, "traces": whole, "liquid_readout": whole, "grid": grid}
    nets = [LNNTrainer(config | {"seed": seed}).net for seed in (1, 2, 3)]
    torch.manual_seed(0)
    log_mel, dt, closed = torch.randn(7, 5, 40), torch.rand(7, 5) * 0.1, torch.rand(7, 5) * 0.1
    dt[3:5, 2] = 0
    closed[dt > 0] = 0
    states = [net(log_mel, dt, closed)[1].detach() for net in nets]
    assert stacks(nets[0], 5)
    gradients = []
    for heard in (
        forward_together(nets, log_mel, dt, closed, states),
        [net(log_mel, dt, closed, state) for net, state in zip(nets, states, strict=True)],
    ):
        sum((out * out.detach().cos()).sum() for out, _ in heard).backward()
        gradients.append([p.grad.clone() for net in nets for p in net.parameters()])
        for net in nets:
            net.zero_grad()
        ends = [x for _, end in heard for x in (end.evidence, end.mean, *end.h)]
        gradients[-1] += [*(out for out, _ in heard), *ends]
    assert all(torch.allclose(a, b, rtol=1e-4, atol=1e-5) for a, b in zip(*gradients, strict=True))


def test_gradients_of_stacked_cells_and_means_match_finite_differences():
    torch.manual_seed(2)
    new = {"dtype": torch.float64, "requires_grad": True}
    u, dt, h0 = torch.randn(4, 3, 2, **new), torch.rand(4, 3, dtype=torch.float64) * 0.1, torch.randn(2, 3, 2, **new)
    weight, bias = torch.randn(2, 4, 4, **new), torch.randn(2, 4, **new)
    rate = torch.rand(2, 2, dtype=torch.float64).add(0.5).requires_grad_()
    cells = torch.vmap(fused_sequence, in_dims=(None, 0, 0, 0, None, 0))
    assert torch.autograd.gradcheck(lambda *x: cells(*x[:4], dt, x[4]), (u, weight, bias, rate, h0))
    x, gain, keep = torch.randn(2, 4, 3, 2, **new), torch.rand(2, 4, 3, 1, **new), torch.rand(4, 3, 2, **new)
    assert torch.autograd.gradcheck(torch.vmap(leaky, in_dims=(0, 0, None, 0)), (x, gain, keep, h0))


def test_a_member_learns_what_it_learns_alone():
    task = TinyTask()
    crowd, alone = Crowd.of(task.trainer(), task.metric, 2, []), task.trainer()
    for step in range(6):
        crowd.train_step(task.batch(16, step))
        alone.train_step(task.batch(16, step))
    first, second = crowd.members
    assert (first.config.seed, second.config.seed, second.step) == (SEED, SEED + 1, 6)
    ours, theirs, others = (torch.cat([p.flatten() for p in t.average.parameters()]) for t in (first, alone, second))
    assert torch.allclose(ours, theirs, atol=1e-4) and not torch.allclose(ours, others, atol=1e-2)


def test_the_best_of_several_seeds_is_kept_and_all_scores_are_told(tmp_path):
    scores = [0.3, 0.9, 0.5, 0.8, 0.7, 0.6]  # of three seeds in two epochs, the best one in the first
    path = train(TinyTask([*scores, 0.9]), run_of(tmp_path, seeds=3))
    assert path.name == "tiny.lnn" and LNNTrainer.load(tmp_path / "best.safetensors").config.seed == SEED + 1
    assert LNNTrainer.load(tmp_path / "last.safetensors").config.seed == SEED  # the leader at the end
    rows = [
        {k: row[k] for k in ("share right", "seed 3", "seed 4", "seed 5")} for row in read_log(tmp_path / "log.csv")
    ]
    assert [list(row.values()) for row in rows] == [["0.9", "0.3", "0.9", "0.5"], ["0.8", "0.8", "0.7", "0.6"]]
    card = (tmp_path / "card.md").read_text()
    assert "best of 3 networks" in card and "| seed 4 | 0.7 |" in card and "with seed 4" in card


def test_an_interrupted_crowd_goes_on_as_if_nothing_had_happened(tmp_path):
    def stop(progress):
        if progress.step == 13:
            raise KeyboardInterrupt

    several = {"seeds": 2, "learning_rates": [0.02, 0.01]}
    with pytest.raises(KeyboardInterrupt):
        train(TinyTask(), run_of(tmp_path / "cut", progress=stop, **several))
    for name in ("cut", "whole"):
        train(TinyTask(), run_of(tmp_path / name, **several))
    crowds = [Crowd.load(tmp_path / name / "last.safetensors", "share right") for name in ("cut", "whole")]
    assert list(crowds[0].by_name()) == ["seed 3 at 0.02", "seed 4 at 0.02", "seed 3 at 0.01", "seed 4 at 0.01"]
    for ours, theirs in zip(*(crowd.members for crowd in crowds), strict=True):
        assert ours.metrics == theirs.metrics and json.dumps(ours.config.to_dict()) == json.dumps(
            theirs.config.to_dict()
        )
        assert all(torch.equal(a, b) for a, b in zip(ours.net.parameters(), theirs.net.parameters(), strict=True))
    with pytest.raises(RecipeError, match=re.escape("train.seeds = 2, not 3")):
        train(TinyTask(), run_of(tmp_path / "cut", **several | {"seeds": 3}))


def test_networks_that_would_be_equal_are_refused(tmp_path):
    with pytest.raises(TrainingError, match="are equal; leave out --seeds"):
        train(TinyTask(), run_of(tmp_path, seeds=2, start_from="other.lnn"))
    with pytest.raises(RecipeError, match="give every rate once"):
        load_recipe("keywords", [("train.learning_rates", "0.01,0.01")])
    assert load_recipe("keywords", [("train.learning_rates", "0.01,0.02")])["train"]["learning_rates"] == [0.01, 0.02]
