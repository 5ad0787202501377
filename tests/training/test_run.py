# SPDX-License-Identifier: MIT
"""The frame that all tasks train in: epochs, resuming, the run folder, several processes, precision."""

import csv
import json
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from liquid_audio_nets.cli.train import _summary
from liquid_audio_nets.lnn import LnnError, load
from liquid_audio_nets.native import LNN
from liquid_audio_nets.training import LNNTrainer, RecipeError, TrainingError
from liquid_audio_nets.training.loop.interrupts import between_steps
from liquid_audio_nets.training.loop.log import RunLog, read_log
from liquid_audio_nets.training.loop.report import Det, plot_curves
from liquid_audio_nets.training.loop.run import train
from tiny_task import SEED, Doubled, TinyTask, run_of

TINY = Path(__file__).resolve().parents[1] / "support/tiny_task.py"


def weights(path):
    return torch.cat([p.flatten() for p in LNNTrainer.load(path).average.parameters()])


def test_a_run_learns_and_leaves_its_evidence(tmp_path):
    path = train(TinyTask(), run_of(tmp_path, epochs=4))
    assert load(path).label_names == ["yes", "no", "_silence_"]
    rows = read_log(tmp_path / "log.csv")
    assert [row["step"] for row in rows] == ["10", "20", "30", "40"]
    assert float(rows[-1]["loss"]) < 0.7 * float(rows[0]["loss"]) and float(rows[-1]["share right"]) > 0.9
    assert (tmp_path / "curves.png").read_bytes()[:4] == b"\x89PNG"
    card = (tmp_path / "card.md").read_text()
    assert "random numbers" in card and "seed 3" in card and f"{path.stat().st_size:,} bytes" in card
    assert list((tmp_path / "tensorboard").iterdir())


def test_equal_seeds_give_equal_runs_and_others_do_not(tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        train(TinyTask(), run_of(tmp_path / name, seed=seed))
    a, b, c = (weights(tmp_path / name / "last.safetensors") for name in "abc")
    assert torch.equal(a, b) and not torch.equal(a, c)


def test_an_interrupt_loses_nothing_and_changes_nothing(tmp_path):
    def stop(progress):
        if progress.step == 17:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(TinyTask(), run_of(tmp_path / "cut", progress=stop))
    assert LNNTrainer.load(tmp_path / "cut/last.safetensors").step == 17
    train(TinyTask(), run_of(tmp_path / "cut"))
    train(TinyTask(), run_of(tmp_path / "whole"))
    assert torch.equal(weights(tmp_path / "cut/last.safetensors"), weights(tmp_path / "whole/last.safetensors"))
    cut, whole = (read_log(tmp_path / name / "log.csv") for name in ("cut", "whole"))
    assert [{**row, "seconds": None} for row in cut] == [{**row, "seconds": None} for row in whole]


def test_ctrl_c_ends_the_step_first(tmp_path):
    class Pressed(TinyTask):
        def batch(self, size, seed):
            if seed == SEED * 10_000_000 + 13:
                signal.raise_signal(signal.SIGINT)
            return super().batch(size, seed)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(Pressed(), run_of(tmp_path))
    assert signal.getsignal(signal.SIGINT) is before
    assert LNNTrainer.load(tmp_path / "last.safetensors").step == 14


def test_a_second_ctrl_c_does_not_wait():
    with pytest.raises(KeyboardInterrupt), between_steps():
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)
        raise AssertionError


def test_an_interrupt_while_an_epoch_is_measured_loses_nothing(tmp_path):
    class Measured(TinyTask):
        def evaluate(self, trainer):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(Measured(), run_of(tmp_path / "cut"))
    assert LNNTrainer.load(tmp_path / "cut/last.safetensors").step == 10
    train(TinyTask(), run_of(tmp_path / "cut"))
    train(TinyTask(), run_of(tmp_path / "whole"))
    cut, whole = (read_log(tmp_path / name / "log.csv") for name in ("cut", "whole"))
    assert [{**row, "seconds": None} for row in cut] == [{**row, "seconds": None} for row in whole]
    assert (
        LNNTrainer.load(tmp_path / "cut/best.safetensors").step
        == LNNTrainer.load(tmp_path / "whole/best.safetensors").step
    )


def test_the_rank_chooses_the_best_checkpoint_if_a_task_gives_one(tmp_path):
    ranks = [(-2.0, 0.5), (-1.0, 0.1), (-1.0, 0.4), (float("-inf"), 1.0)]

    class Ranked(TinyTask):
        def evaluate(self, trainer):
            return super().evaluate(trainer) | {"rank": ranks[min(trainer.step // 10, 4) - 1]}

    train(Ranked(), run_of(tmp_path, epochs=4))
    best = LNNTrainer.load(tmp_path / "best.safetensors")
    assert best.step == 30 and best.best == (-1.0, 0.4) == LNNTrainer.load(tmp_path / "last.safetensors").best


def test_a_training_is_not_lost_if_it_cannot_be_exported(tmp_path):
    class Silent(TinyTask):
        def finish(self, trainer, out):
            raise LnnError("NO_GOLDEN", "the audio is below the energy gate")

    with pytest.raises(
        TrainingError, match=r"complete and .*best.safetensors holds it.*below the energy gate.*without training again"
    ):
        train(Silent(), run_of(tmp_path))
    task, said = TinyTask(), []
    task.batch = None  # not trained again
    task.evaluate = lambda trainer: {"score": 1.0}
    assert train(task, run_of(tmp_path, report=said.append)).exists() and "resuming at step 20" in said


def test_a_finished_run_goes_on_when_more_epochs_are_asked_for(tmp_path):
    train(TinyTask(), run_of(tmp_path))
    train(TinyTask(), run_of(tmp_path, epochs=3))
    assert LNNTrainer.load(tmp_path / "last.safetensors").step == 30 and len(read_log(tmp_path / "log.csv")) == 3


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"epochs": 1}, "train.epochs = 2, not 1"),
        ({"precision": "bf16"}, 'train.precision = "float32", not "bf16"'),
        ({"batch": 17}, "train.batch = 16, not 17: leave that setting out to go on there, or give another --out"),
    ],
)
def test_a_run_that_was_made_otherwise_is_refused_before_anything_happens(tmp_path, change, sentence):
    train(TinyTask(), run_of(tmp_path))
    (tmp_path / "recipe.toml").write_text("edited")  # what was learned is what the checkpoint says
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    task = TinyTask()
    task.prepare = None
    with pytest.raises(RecipeError, match=re.escape(sentence)):
        train(task, run_of(tmp_path, **change))
    other = run_of(tmp_path)
    other.recipe["task"] = "vad"
    with pytest.raises(RecipeError, match='task = "tiny", not "vad"'):
        train(task, other)
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}


def test_a_short_training_leaves_its_warm_up_and_says_so(tmp_path):
    class Warming(TinyTask):
        def trainer(self):
            trainer = super().trainer()
            trainer.config.warmup_steps = 200
            return trainer

    said = []
    train(Warming(), run_of(tmp_path, report=said.append))
    assert any("reaches its peak after 4 steps, not after 200" in line for line in said)
    assert float(read_log(tmp_path / "log.csv")[0]["learning_rate"]) > 0.01


def test_the_best_checkpoint_is_kept_even_where_scores_are_negative(tmp_path):
    train(TinyTask([-3.0, -1.0, -2.0, -1.0]), run_of(tmp_path, epochs=3))
    assert LNNTrainer.load(tmp_path / "best.safetensors").step == 20


def test_a_task_may_keep_the_last(tmp_path):
    task, kept = TinyTask([3.0, 2.0, 2.0]), []
    task.keep, task.finish = (
        "last",
        lambda trainer, out: kept.append(trainer.step) or TinyTask.finish(task, trainer, out),
    )
    train(task, run_of(tmp_path))
    assert kept == [20]


def test_loss_that_is_no_number_stops_with_the_last_good_checkpoint(tmp_path):
    class Breaking(TinyTask):
        def batch(self, size, seed):
            made = super().batch(size, seed)
            if seed == 30_000_014:
                made.log_mel[:] = float("nan")
            return made

    with pytest.raises(TrainingError, match="step 14"):
        train(Breaking(), run_of(tmp_path))
    kept = LNNTrainer.load(tmp_path / "last.safetensors")
    assert kept.step == 10 and all(torch.isfinite(p).all() for p in kept.net.parameters())


def test_a_full_disk_keeps_the_checkpoint_before(tmp_path):
    train(TinyTask(), run_of(tmp_path))
    before = (tmp_path / "last.safetensors").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))  # no file may grow beyond
    try:
        with pytest.raises((TrainingError, OSError), match=r"(?i)file too large"):
            train(TinyTask(), run_of(tmp_path, epochs=3))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / "last.safetensors").read_bytes() == before
    train(TinyTask(), run_of(tmp_path, epochs=3))
    assert LNNTrainer.load(tmp_path / "last.safetensors").step == 30


def test_rows_after_the_checkpoint_are_logged_once(tmp_path):
    log = RunLog(tmp_path, 0)
    for step in (10, 20, 30):
        log.add({"step": step, "loss": 0.5})
    RunLog(tmp_path, 20).add({"step": 30, "loss": 0.25, "new": 1})
    assert [(row["step"], row["loss"]) for row in read_log(tmp_path / "log.csv")] == [
        ("10", "0.5"),
        ("20", "0.5"),
        ("30", "0.25"),
    ]


def test_a_log_that_was_cut_or_edited_is_read_as_far_as_it_goes(tmp_path):
    (tmp_path / "log.csv").write_text("step,epoch,loss\n4,1,0.5\nx,2,0.4\n8,2\n12,3,\n")
    assert [row["step"] for row in read_log(tmp_path / "log.csv")] == ["4", "12"]
    plot_curves(read_log(tmp_path / "log.csv"), "loss", tmp_path / "curves.png")
    assert (tmp_path / "curves.png").exists()


def test_an_interrupt_while_the_log_is_written_leaves_the_one_before(tmp_path, monkeypatch):
    log = RunLog(tmp_path, 0)
    log.add({"step": 10, "loss": 0.5})

    class Interrupted(csv.DictWriter):
        def writerows(self, rows):
            self.writer.writerow(["20", "0.2"])
            raise KeyboardInterrupt

    monkeypatch.setattr(csv, "DictWriter", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        log.add({"step": 20, "loss": 0.25})
    assert read_log(tmp_path / "log.csv") == [{"step": "10", "loss": "0.5"}]


def test_det_counts_misses_and_false_accepts():
    det = Det.of_scores([0.9, 0.8, 0.4, 0.0], [0.95, 0.5, 0.3], hours=2.0)
    at = dict(
        zip(
            det.threshold.tolist(),
            zip(det.false_rejects.tolist(), det.false_accepts.tolist(), strict=True),
            strict=True,
        )
    )
    assert at[0.4] == (0.25, 1.0) and at[0.9] == (0.75, 0.5) and at[0.95] == (1.0, 0.5)
    assert Det.of_scores([0.9], [0.2, 0.3]).false_accepts.max() == 1.0


def test_without_plots_a_run_still_ends(tmp_path, monkeypatch):
    said = []
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    train(TinyTask(), run_of(tmp_path, report=said.append))
    assert any("matplotlib" in line for line in said) and (tmp_path / "card.md").exists()


@pytest.mark.parametrize("arch", ("ltc", "ltc_const", "cfc", "ltc_synaptic"))
def test_bf16_learns_as_float32_does(tmp_path, arch):
    trainers = [TinyTask(arch=arch).trainer().to("cpu", bf16=bf16) for bf16 in (False, True)]
    losses = np.array([[t.train_step(TinyTask().batch(32, step)) for step in range(40)] for t in trainers])
    assert losses[1, -1] < 0.8 * losses[1, 0] and np.abs(losses[0] - losses[1]).max() < 0.05 * losses[0, 0]
    assert not np.array_equal(*losses) and all(p.dtype == torch.float32 for p in trainers[1].net.parameters())


def test_another_solver_is_measured_and_exported_as_the_core_steps(tmp_path):
    task, said = TinyTask(solver="exact"), []
    path = train(task, run := run_of(tmp_path, report=said.append))
    trained = LNNTrainer.load(tmp_path / "best.safetensors").average
    assert trained.config.ode_solver == "exact" and any("core's fused step" in line for line in said)
    batch = task.batch(4, 5)
    wanted, _ = trained.solved_by("fused")(batch.log_mel, batch.dt, batch.closed_s)
    other, _ = trained(batch.log_mel, batch.dt, batch.closed_s)
    features, share = trained.features(batch.log_mel).numpy(), 0.02 / (0.02 + trained.config.smoothing_s)
    with LNN.load(path) as net:
        for b in range(4):
            net.reset()
            evidence = np.zeros(3)
            for row in features[:, b]:
                evidence += share * (net.step(row, 0.02) - evidence)
            assert np.abs(evidence - wanted[-1, b].detach().numpy()).max() < 1e-3
    assert not torch.allclose(wanted, other, atol=1e-3) and 0 <= run.exported["score"] <= 1


def test_devices_and_precisions_that_are_not_there_are_named(tmp_path):
    with pytest.raises(TrainingError, match="auto, cpu or cuda"):
        train(TinyTask(), run_of(tmp_path, device="tpu"))
    with pytest.raises(TrainingError, match="float32 or bf16"):
        train(TinyTask(), run_of(tmp_path, precision="int4"))
    if not torch.cuda.is_available():
        with pytest.raises(TrainingError, match="--device cpu"):
            train(TinyTask(), run_of(tmp_path, device="cuda"))


def torchrun(*folders):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", TINY, *folders]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300)


def test_processes_with_different_checkpoints_do_not_start(tmp_path):
    train(TinyTask(), run_of(tmp_path / "a", epochs=1))
    done = torchrun(tmp_path / "a", tmp_path / "b")
    assert done.returncode != 0 and "must be a folder that all share" in done.stderr


def test_two_processes_are_one_with_twice_the_batch(tmp_path):
    done = torchrun(tmp_path / "two")
    assert done.returncode == 0, done.stderr[-3000:]
    first, second = (weights(tmp_path / "two" / f"{name}.safetensors") for name in ("first", "second"))
    assert torch.equal(first, second)
    train(Doubled(), run_of(tmp_path / "one"))
    one = weights(tmp_path / "one/last.safetensors")
    assert torch.allclose(one, weights(tmp_path / "two/last.safetensors"), atol=1e-4)
    train(TinyTask(), run_of(tmp_path / "half"))
    assert not torch.allclose(one, weights(tmp_path / "half/last.safetensors"), atol=1e-4)
    config = json.loads((tmp_path / "two/config.json").read_text())
    assert config["processes"] == 2 and len(read_log(tmp_path / "two/log.csv")) == 2


@pytest.mark.parametrize("keep, score, step", [("best", 3.0, 10), ("last", 2.0, 20)])
def test_what_is_reported_is_what_is_exported(tmp_path, keep, score, step):
    task, run = TinyTask([3.0, 2.0, score]), run_of(tmp_path)
    task.keep = keep
    said = _summary(train(task, run), task, run)
    assert (said["score"], said["step"], said["kept"]) == (score, step, keep)
