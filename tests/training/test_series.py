# SPDX-License-Identifier: MIT
"""Recipe `series`: tables, baselines, the loss of forecasts, a short run, and liquid-test on it."""

import numpy as np
import pytest
import torch
from liquid_audio_nets.audio import AudioError
from liquid_audio_nets.cli import test as command
from liquid_audio_nets.cli.compress import read_input
from liquid_audio_nets.compress import CompressError
from liquid_audio_nets.evaluation import labelled_clips, summarise
from liquid_audio_nets.evaluation.measure import Options, measure
from liquid_audio_nets.evaluation.series import forecasts
from liquid_audio_nets.lnn import load
from liquid_audio_nets.native import LNN
from liquid_audio_nets.series import (
    Rows,
    SeriesError,
    linear_forecast,
    read_rows,
    rmse,
    station,
    targets_at,
    write_rows,
)
from liquid_audio_nets.training import LNNTrainer
from liquid_audio_nets.training.loop.run import Run, train
from liquid_audio_nets.training.settings.recipe import RecipeError
from liquid_audio_nets.training.settings.recipe import load as load_recipe
from liquid_audio_nets.training.tasks.registry import make_task


def make(data, out, **settings):
    settings = {
        "train.epochs": 3,
        "train.epoch_steps": 40,
        "train.batch": 16,
        "train.stretch_rows": 96,
        "train.warmup_steps": 10,
        "train.ema_decay": 0.95,
        "model.hidden_dim": [16],
        "data.generate_days": 15.0,
    } | {k.replace("__", "."): v for k, v in settings.items()}
    recipe = load_recipe("series", settings.items())
    return make_task(recipe, data, out / "cache", lambda text: None), Run(out, recipe, ahead=False)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("series")
    task, run = make(None, out)
    return task, train(task, run)


def test_the_station_has_its_rows_missing_and_is_repeatable(tmp_path):
    rows = station(10, 0.3, seed=3)
    assert abs(1 - len(rows) / (10 * 288) - 0.3) < 0.01 and rows.interval_s == 300
    assert np.diff(rows.time_s).min() == 300 and np.diff(rows.time_s).max() >= 1500
    assert np.array_equal(rows.values, station(10, 0.3, seed=3).values)
    assert not np.array_equal(rows.time_s, station(10, 0.3, seed=4).time_s)
    write_rows(tmp_path / "s.csv", rows)
    again = read_rows(tmp_path / "s.csv")
    assert again.names == rows.names and np.array_equal(again.time_s, rows.time_s)
    assert np.allclose(again.values, rows.values, atol=1e-4)


def test_dates_and_empty_cells(tmp_path):
    path = tmp_path / "dates.csv"
    path.write_text("when, a ,b\n2026-01-01T00:00:00,1,2\n2026-01-01 00:05:00,,3\n2026-01-01T00:10:00Z,2,4\n\n")
    rows = read_rows(path, "when")
    assert rows.names == ("a", "b") and np.diff(rows.time_s).tolist() == [600.0] and rows.left_out == 1
    assert read_rows(path, "when", ["b"]).values.tolist() == [[2.0], [3.0], [4.0]]


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("time,a\n1,2\n2,3\n", "no column 'time_s'; the first line names time, a"),
        ("time_s\n1\n2\n", "add a column of numbers"),
        ("time_s,a\n1,2\n2,warm\n", "line 3: 'warm' in column 'a' is not a number"),
        ("time_s,a\n1,2\nnoon,3\n", "line 3: 'noon' in column 'time_s' is neither seconds nor a date"),
        ("time_s,a\n1,2\n3,nan\n", "line 3: 'nan'"),
        ("time_s,a\n5,2\n4,3\n", "line 3: time stands still or goes backwards"),
        ("time_s,a\n1,2\n2\n", "line 3: 1 cells, but the first line names 2"),
        ("time_s,a\n1,2\n", "1 complete rows"),
        ("", "no column 'time_s'; the first line names nothing"),
        ("time_s,a,a\n1,2,3\n2,3,4\n", "two columns are named 'a'"),
    ],
)
def test_wrong_tables_are_one_sentence(tmp_path, text, sentence):
    path = tmp_path / "wrong.csv"
    path.write_text(text)
    with pytest.raises(SeriesError) as caught:
        read_rows(path)
    assert sentence in str(caught.value) and "\n" not in str(caught.value)


def test_no_table(tmp_path):
    with pytest.raises(SeriesError, match="no such file"):
        read_rows(tmp_path / "none.csv")


def test_truth_at_the_horizon_is_known_only_near_rows():
    time_s = np.array([0.0, 10, 20, 30, 100, 110, 120])
    rows = Rows(("a",), time_s, (2 * time_s[:, None]).astype(np.float32))
    targets = targets_at(rows, 15)
    assert targets.known.tolist() == [True, True, False, False, True, False, False]
    assert targets.values[targets.known, 0].tolist() == [30.0, 50.0, 230.0]
    line = linear_forecast(rows, targets, np.ones(7, bool), 1)
    assert rmse(line, targets, np.ones(7, bool))[0] < 5 < rmse(rows.values, targets, np.ones(7, bool))[0]


def test_gradient_of_the_forecast_loss(trained):
    batch = trained[0].batch(3, 1)
    trainer = LNNTrainer({"labels": ("a", "b"), "input_dim": 3, "hidden_dim": (4,), "smoothing_s": 0.0})
    net = trainer.net.double()
    batch.log_mel, batch.dt, batch.change, batch.weight = (
        x.double() for x in (batch.log_mel, batch.dt, batch.change, batch.weight)
    )

    def loss() -> torch.Tensor:
        return batch.loss(net(batch.log_mel, batch.dt, batch.closed_s)[0], net, 0.0)

    loss().backward()
    for parameter in (net.cells[0].weight, net.cells[0].log_tau, net.readout.weight):
        at, step = (0,) * parameter.dim(), 1e-6
        with torch.no_grad():
            parameter[at] += step
            more = loss()
            parameter[at] -= 2 * step
            difference = (more - loss()) / (2 * step)
            parameter[at] += step
        assert torch.isclose(parameter.grad[at], difference, rtol=1e-4, atol=1e-9)


def test_work_may_be_part_of_the_loss(trained):
    trainer = trained[0].trainer()
    batch = trained[0].batch(3, 1)
    assert trainer.train_step(batch) < trainer.train_step(batch, lambda_power=10.0)


def test_another_station_is_not_taken_for_the_one_before(trained, tmp_path):
    rows = []
    for days in (15.0, 16.0):
        task, _ = make(None, tmp_path, data__generate_days=days)
        task.prepare()
        rows.append(len(task.rows))
    assert rows[0] < rows[1]


def test_stretches_stay_in_the_training_part(trained):
    task = trained[0]
    last_s = task.rows.time_s[task.parts["training"]][-1]
    known = {tuple(row) for row in task.rows.values[task.parts["training"]].tolist()}
    for seed in range(20):
        batch = task.batch(8, seed)
        assert {tuple(row) for row in batch.log_mel.reshape(-1, 3).tolist()} <= known
        assert batch.weight.sum() > 0 and torch.isfinite(batch.change).all()
    assert task.rows.time_s[task.parts["reported"]][0] > last_s


def test_a_short_run_beats_persistence_and_the_core_says_the_same(trained):
    task, path = trained
    result = measure(path.read_bytes(), task.data, Options())
    assert result.figure > 0.2 and result.figure == pytest.approx(
        load(path).metadata["saved_against_persistence"], abs=2e-3
    )
    with LNN(path.read_bytes()) as lnn:
        assert np.abs(forecasts(lnn, task.rows) - task.predict(task.measured)).max() < 5e-3
    assert result.as_json()["linear_saves"] > 0 and "persistence" in result.lines()[0]


@pytest.mark.parametrize(
    "settings, sentence",
    [
        ({"data__forecast": ["humidity"]}, "no column 'humidity' to forecast; there are room_c, outdoor_c, heater"),
        ({"data__time_column": "t"}, "no column 't'"),
        ({"data__horizon_s": 1e9}, "no row 1e\\+09 s after another"),
        ({"data__columns": ["room_c"], "data__forecast": ["outdoor_c"]}, "no column 'outdoor_c' to forecast"),
    ],
)
def test_settings_that_do_not_fit_the_table(trained, tmp_path, settings, sentence):
    task, _ = make(trained[0].data, tmp_path, **settings)
    with pytest.raises(SeriesError, match=sentence):
        task.prepare()


@pytest.fixture
def still(tmp_path):
    """still(column, begin): the path of a station's table whose column stands still from that share of its rows on."""

    def write(column, begin=0.0, end=1.0):
        rows = station(15)
        rows.values[int(begin * len(rows)) : int(end * len(rows)), column] = 1013.25
        write_rows(tmp_path / f"still{column}.csv", rows)
        return tmp_path / f"still{column}.csv"

    return write


@pytest.mark.parametrize("begin", (0.0, 0.8))
def test_a_column_that_never_changes_cannot_be_forecast(still, tmp_path, begin):
    task, _ = make(still(1, begin), tmp_path)
    with pytest.raises(SeriesError, match="column 'outdoor_c' never changes"):
        task.prepare()


def test_a_column_that_stood_still_while_it_was_learned_from_counts_nothing(still, tmp_path):
    task, run = make(still(2, 0.0, 0.9), tmp_path, data__forecast=["room_c"])
    path = train(task, run)
    result = measure(path.read_bytes(), task.data, Options())
    assert result.figure > 0.2 and result.figure == pytest.approx(
        load(path).metadata["saved_against_persistence"], abs=2e-3
    )


def test_one_spike_decides_nothing(tmp_path):
    """A single wrong value of the training part would be the scale of everything."""
    rows = station(15)
    rows.values[500, 0] = 1e6
    write_rows(tmp_path / "spike.csv", rows)
    task, run = make(tmp_path / "spike.csv", tmp_path)
    said = []
    task.report = said.append
    result = measure(train(task, run).read_bytes(), task.data, Options())
    assert result.figure > 0.2 and (result.linear < result.persistence).all()
    assert len(said) == 1 and "column 'room_c': 1 of" in said[0] and "1e+06" in said[0]


def test_an_honest_figure_may_be_negative(trained):
    result = measure(trained[1].read_bytes(), trained[0].data, Options())
    result.forecast = 3 * result.persistence
    assert (
        result.figure == pytest.approx(-2.0)
        and "saved against persistence: -200.0 % (persistence is better)" in result.lines()[-1]
    )


@pytest.mark.parametrize("horizon_s", (0.0, -300.0))
def test_a_horizon_is_ahead(tmp_path, horizon_s):
    with pytest.raises(RecipeError, match=r"data\.horizon_s"):
        make(None, tmp_path, data__horizon_s=horizon_s)


def test_a_table_that_stands_still_is_no_measure(trained, still):
    with pytest.raises(SeriesError, match="column 'room_c' never changes"):
        measure(trained[1].read_bytes(), still(0), Options())


def test_a_table_that_is_too_short(tmp_path):
    write_rows(tmp_path / "short.csv", station(0.5))
    task, _ = make(tmp_path / "short.csv", tmp_path)
    with pytest.raises(SeriesError, match="at least 200 are needed"):
        task.prepare()


def test_liquid_info_shows_a_model_of_numbers(trained):
    content = trained[1].read_bytes()
    with LNN(content) as lnn:
        shown = summarise(content, lnn)
    assert shown["frontend"]["numbers_a_row"] == 3 and shown["frontend_macs"] == 0 and shown["task"] == "series"


def test_liquid_compress_leaves_models_of_numbers_alone(trained):
    with pytest.raises(CompressError, match="runs as float32"):
        read_input(trained[1])


@pytest.mark.parametrize(
    "options, code, sentence",
    [
        ((), 0, "saved against persistence"),
        (("--min-accuracy", "0.99"), 6, "below the 99.00 % asked for"),
        (("--data", "/nowhere.csv"), 2, "no such file"),
    ],
)
def test_the_command(trained, monkeypatch, capsys, options, code, sentence):
    task, path = trained
    monkeypatch.setattr("sys.argv", ["liquid-test", "--model", str(path), "--data", str(task.data), *options])
    with pytest.raises(SystemExit) as end:
        command.main()
    out, err = capsys.readouterr()
    assert (end.value.code or 0) == code and sentence in " ".join((out + err).split()) and "Traceback" not in err


def test_a_figure_that_is_no_number_passes_no_gate():
    with pytest.raises(command.console.CommandError, match="below"):
        command.gate("saved", float("nan"), 0.0)


def test_clips_are_not_asked_of_a_model_of_numbers(trained):
    with pytest.raises(AudioError, match="reads rows of numbers"):
        labelled_clips(trained[1].read_bytes(), trained[0].data, ("room_c",), None)
