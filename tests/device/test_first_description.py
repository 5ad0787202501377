# SPDX-License-Identifier: MIT
"""The Python calls of the project's first description run as they were written there, with int16 or float audio."""

import dataclasses
import warnings

import numpy as np
import pytest
import torch
from liquid_audio_nets import board as boards
from liquid_audio_nets import devices
from liquid_audio_nets.audio import write_wav
from liquid_audio_nets.lnn import load
from liquid_audio_nets.native import LNN
from virtual_board import MODEL

SEED_TRAINING = """
from liquid_audio_nets.training import LNNTrainer
import torch
model_config = {
    'input_dim': 40,
    'hidden_dim': 64,
    'output_dim': 10,
    'ode_solver': 'adaptive_heun',
    'complexity_penalty': 0.01
}
trainer = LNNTrainer(model_config)
for epoch in range(1):
    for batch in dataloader:
        loss = trainer.train_step(
            batch,
            lambda_power=0.1,
            lambda_sparse=0.05
        )
trainer.export_embedded(
    'keyword_model.lnn',
    quantization='int8',
    target='cortex-m4'
)
"""
SEED_POLICY = """
from liquid_audio_nets.adaptive import learn_timestep_controller
controller = learn_timestep_controller(
    model=lnn_model,
    dataset=audio_dataset,
    power_budget=1.0,
    latency_budget=20
)
controller.plot_policy()
"""
SEED_BOARD = """
from liquid_audio_nets.testing import HILTester
tester = HILTester(
    device='nucleo-f446re',
    model='keyword.lnn'
)
results = tester.run_tests(
    test_dataset='google_speech_commands',
    measure_power=True,
    measure_latency=True
)
print(f"Accuracy: {results.accuracy:.2%}")
print(f"Avg Power: {results.avg_power_mw:.2f} mW")
"""
TRACE = "time_ms,current_ua,voltage_v\n" + "".join(f"{k},1000,3.0\n" for k in range(200))


@pytest.mark.long
def test_training(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    batches = [(torch.randn(4, 8, 40), torch.randint(10, (4,))) for _ in range(2)]
    exec(SEED_TRAINING, {"dataloader": batches})
    with LNN("keyword_model.lnn") as lnn:
        assert len(lnn.labels) == 10


@pytest.mark.long
@pytest.mark.parametrize("kind", ["int16", "float"])
def test_policy(kind, monkeypatch):
    import functools

    import matplotlib
    from liquid_audio_nets import adaptive

    matplotlib.use("Agg")
    short = functools.partial(adaptive.learn_timestep_controller, trials=20, words=3, judged_words=3)
    monkeypatch.setattr(adaptive, "learn_timestep_controller", short)
    model = load(MODEL)
    word = model.golden.audio[:16000]
    names = {"lnn_model": model, "audio_dataset": [("yes", word if kind == "int16" else word / 32768)] * 4}
    exec(SEED_POLICY, names)
    assert names["controller"].learned.choice.timetable is not None


def test_board(start_machine, tmp_path, monkeypatch, capsys):
    """The board is a virtual one under the real one's name; the meter a trace."""
    start_machine("qemu_m4f")
    board = dataclasses.replace(boards.find_board("qemu_m4f"), running_in=tmp_path / "running")
    monkeypatch.setattr(devices, "named", lambda name: board)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keyword.lnn").write_bytes(MODEL.read_bytes())
    (tmp_path / "google_speech_commands/yes").mkdir(parents=True)
    word = load(MODEL).golden.audio[:16000]
    write_wav(tmp_path / "google_speech_commands/yes/0132a06d_nohash_0.wav", np.asarray(word, np.int16))
    (tmp_path / "trace.csv").write_text(TRACE)
    monkeypatch.setenv("LIQUID_METER", "trace.csv")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            names = {}
            exec(SEED_BOARD, names)
    finally:
        boards.stop(board)
    assert "Avg Power: 3.00 mW" in capsys.readouterr().out
    assert names["results"].bit_equal and names["results"].latency_ms > 0
