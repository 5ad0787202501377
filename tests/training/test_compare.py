# SPDX-License-Identifier: MIT
"""The comparison of networks: one protocol, results kept, tables, plots and the command."""

import json
import pathlib
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from liquid_audio_nets.audio.dataset import scan
from liquid_audio_nets.cli import compare as command
from liquid_audio_nets.cli import console
from liquid_audio_nets.evaluation import lost_frames
from liquid_audio_nets.evaluation.playback import CONDITIONS
from liquid_audio_nets.training.compare import page, rooms, table
from liquid_audio_nets.training.compare.lost_frames import LOSSES
from liquid_audio_nets.training.compare.protocol import Comparison, Protocol
from liquid_audio_nets.training.data.frame_store import FrameStore
from liquid_audio_nets.training.nets import registry
from liquid_audio_nets.training.settings import recipe
from liquid_audio_nets.training.tasks.keywords import KeywordTask
from typer.testing import CliRunner

ROOT = pathlib.Path(__file__).resolve().parents[2]
LABELS = ("yes", "no", "_unknown_", "_silence_")
PROTOCOL = Protocol(steps=12, batch=16, seeds=(1, 2))


@pytest.fixture(scope="module")
def store(words, tmp_path_factory):
    cache = tmp_path_factory.mktemp("frames")
    task = KeywordTask(recipe.load("keywords", [("data.labels", list(LABELS)), ("data.synthetic", 0)]), words, cache)
    task.prepare()
    return FrameStore(cache)


@pytest.fixture(scope="module")
def comparison(store, words, tmp_path_factory):
    return Comparison(store, LABELS, tmp_path_factory.mktemp("compare"), PROTOCOL, data=words)


@pytest.fixture(scope="module")
def results(comparison):
    return [comparison.run(name, seed) for seed in PROTOCOL.seeds for name in ("ltc", "gru", "ds_cnn")]


def test_in_a_new_folder_the_frames_are_found_where_they_were_made(store, tmp_path, monkeypatch):
    made = SimpleNamespace(cache=store.folder, prepare=lambda: None)
    monkeypatch.setattr("liquid_audio_nets.training.tasks.registry.make_task", lambda *arguments: made)
    fresh = command._comparison(tmp_path, tmp_path / "out", None, (1,), 12, 4, console.progress_bar())
    assert len(fresh.store) == len(store)


def test_a_run_is_made_once_and_is_the_same_for_its_seed(comparison, store, results, tmp_path):
    before = (comparison.out / "gru-1.json").stat().st_mtime_ns
    assert comparison.run("gru", 1) == results[1] and (comparison.out / "gru-1.json").stat().st_mtime_ns == before
    again = Comparison(store, LABELS, tmp_path, PROTOCOL).run("gru", 1)
    assert {**again, "cpu_s": 0} == {**results[1], "cpu_s": 0}
    assert results[4]["loss"] != results[1]["loss"]
    assert (
        Comparison(store, LABELS, comparison.out, replace(PROTOCOL, steps=13)).results(["gru"]) == []
    )  # of another protocol
    assert {r["clips"] for r in results} == {26}  # 8 of each word, 2 s of hiss


def test_batches_are_the_same_sounds_in_the_order_of_the_seed(comparison, results):
    replay = comparison.replay
    assert sorted(replay.order(1)) == list(range(12)) and list(replay.order(1)) != list(replay.order(2))
    made = replay.batch(3)
    assert made.log_mel.shape == (50, 16, 40) and made.log_mel.dtype.is_floating_point and not made.stream


def test_the_search_keeps_what_it_found(comparison):
    found = comparison.search("gru")
    assert set(found) == {str(rate) for rate in PROTOCOL.learning_rates}
    assert json.loads((comparison.out / "search.json").read_text())["gru"] == found


def test_lost_frames_are_kept_beside_the_result(comparison, results):
    lost = comparison.lost("ltc", 1)
    assert set(lost) == {"true dt"} and set(lost["true dt"]) == set(LOSSES)
    assert lost["true dt"]["none"] == results[0]["accuracy"]
    comparison.run("gru+drop", 1)
    assert set(comparison.lost("gru+drop", 1)) == {"skip"}
    assert comparison.results(["gru+drop"])[0]["loss"] != results[1]["loss"]
    assert set(comparison.lost("gru", 1)) == {"zero", "hold", "skip"} and set(comparison.lost("ds_cnn", 1)) == {
        "zero",
        "hold",
    }


def test_streams_are_kept_beside_the_result(comparison, results, store, tmp_path):
    for name in ("ltc", "ds_cnn"):
        found = comparison.in_rooms(name, 1)
        assert 0 <= found["recall_all"] <= 1 and 0 <= found["recall"] <= 1
        assert json.loads((comparison.out / f"{name}-1.rooms.json").read_text()) == found
    assert set(comparison.rooms.words) == {c.name for c in CONDITIONS}
    assert {source.rpartition(" ")[0] for source in comparison.rooms.others} == {"tree", "_background_noise_"}
    assert Comparison(store, LABELS, tmp_path, PROTOCOL).in_rooms("ltc", 1) == {}


def test_a_stream_is_heard_as_a_whole(monkeypatch):
    """In pieces with the state carried on as at once; networks of windows decide four times per second."""
    frames = [torch.randn(n, 40) for n in (130, 75)]
    net = registry.make_arch("gru", LABELS)
    whole = rooms._steps(net, frames, 0.02)
    monkeypatch.setattr(rooms, "CHUNK_TICKS", 30)
    for (one, _), (other, steps) in zip(whole, rooms._steps(net, frames, 0.02), strict=True):
        assert one == pytest.approx(other, abs=1e-5) and steps.all() and len(one) == len(steps)
    net = registry.make_arch("ds_cnn", LABELS).eval()
    posterior, steps = rooms._windows(net, frames, 0.02)[0]
    assert (np.flatnonzero(steps) + 1).tolist() == [12, 25, 37, 50, 62, 75, 87, 100, 112, 125]
    nothing = torch.zeros(50, 1)
    at_75 = torch.softmax(net(frames[0][25:75, None], nothing, nothing)[0][-1, 0], -1).detach().numpy()
    assert posterior[74] == pytest.approx(at_75, abs=1e-5) and (posterior[74:86] == posterior[74]).all()
    assert not posterior[:11].any()


def result(arch: str, seed: int, accuracy: float) -> dict:
    config = registry.make_arch(arch, command.LABELS).config
    return {
        "arch": arch,
        "seed": seed,
        "accuracy": accuracy,
        "parameters": 30000,
        "learning_rate": 3e-3,
        "macs_per_run": registry.macs_per_run(config),
        "macs_per_second": registry.macs_per_second(config),
    }


@pytest.fixture
def found():
    rows = table.rows(
        [result("ltc", 2, 0.92), result("ltc", 1, 0.90), result("ds_cnn", 1, 0.95), result("gru", 1, 0.89)]
    )
    rows[1].lost = {"true dt": dict(zip(LOSSES, (0.91, 0.90, 0.90, 0.85), strict=False))}
    rows[0].rooms = {"recall": 0.9, "recall_all": 0.8, "false_accepts_per_hour": 9.5}
    rows[1].rooms = {"recall": 0.9, "recall_all": 0.7, "false_accepts_per_hour": 10.0}
    rows[0].lost = {
        "hold": dict(zip(LOSSES, (0.95, 0.93, 0.89, 0.7), strict=False)),
        "zero": dict.fromkeys(LOSSES, 0.3),
    }
    return rows


@pytest.fixture
def shipped():
    return table.Row("keywords.lnn", "this project's", 30730, 30336, 1e6, [0.96], [1], note="a longer schedule")


def test_table(found, shipped):
    text = table.markdown(found, [shipped])
    assert [row.name for row in found] == ["ds_cnn", "ltc", "gru"]
    assert "| `ltc` liquid time-constant, ours | 30,000 | 30,336 | 1.52 M | 91.00 ± 1.41 (2 seeds) |" in text
    assert "95.00 (1 seed)" in text and "`keywords.lnn` this project's; a longer schedule" in text
    assert "| `ltc` | stepped over, true dt | 91.00 | -1.0 | -1.0 | -6.0 |" in table.lost_markdown(found)


def test_page_says_where_the_liquid_network_loses(found, shipped, tmp_path):
    bench = {
        "second_of_speech_instructions": 2.5e6,
        "all_cells_step_instructions": 46160,
        "frontend_instructions": 24553,
        "cited_ds_cnn_decision_instructions": 7.84e6,
    }
    paths = page.write(tmp_path, found, [shipped], PROTOCOL, bench)
    assert all(path.stat().st_size for path in paths)
    assert {"compare.json", "compare.md", "robustness.md", "compare.svg", "compare.png", "instructions.svg"} <= {
        path.name for path in paths
    }
    text = (tmp_path / "compare.md").read_text()
    assert "| `ds_cnn` | 90.0 | 80.0 | 9.5 |" in text and "| `gru` | 9" not in text
    assert "- `ds_cnn`: 80.0 % against 70.0 % under all conditions" in text
    assert "`ds_cnn`: +4.00 points, at 7.1 times" in text
    assert text.endswith(
        "each with its best way to fill them:\n\n- `ds_cnn` (a quarter dropped): 93.0 % against 90.0 %\n"
    )
    assert json.loads(paths[0].read_text())["networks"][1]["mean"] == pytest.approx(0.91)
    works = {p.name: (round(p.work / 1e6, 2), p.measured) for p in page.instructions(found, [shipped], bench)}
    assert works == {"keywords.lnn*": (2.5, True), "ds_cnn": (32.59, True), "ltc": (3.54, False), "gru": (3.51, False)}
    assert "instructions.svg" not in {path.name for path in page.write(tmp_path, found, [], PROTOCOL, bench)}


def test_the_command_makes_a_table_of_what_is_there(words, comparison, results, monkeypatch):
    monkeypatch.setattr(command, "LABELS", LABELS)
    arguments = [
        "--data",
        str(words),
        "--out",
        str(comparison.out),
        "--cache",
        str(comparison.store.folder),
        "--seeds",
        "1,2",
        "--steps",
        "12",
        "--batch",
        "16",
        "--archs",
        "ltc,gru,ds_cnn",
        "--bench",
        "none.json",
    ]
    done = CliRunner().invoke(command.app, [*arguments, "--table", "--json"])
    assert done.exit_code == 0, done.output
    networks = json.loads(done.stdout)["networks"]
    assert {row["name"] for row in networks} == {"ltc", "gru", "ds_cnn"} and all(
        row["seeds"] == [1, 2] for row in networks
    )
    assert all(row["lost"] and row["rooms"] for row in networks)


def test_page_names_what_did_not_converge(found):
    assert page.unconverged(found).startswith(
        "Not trained for this table: `ltc_const`, `cfc`, `fastgrnn`, `bc_resnet_1`."
    )
    found[2].accuracies = [0.37]
    assert "Not converged in this schedule, at either learning rate: `gru`." in page.page(found, [], PROTOCOL, False)


def test_a_model_file_under_loss(words, monkeypatch):
    """The shipped model on tones: nothing but `_unknown_` is right, and nothing is heard when everything is dropped."""
    content, data = (ROOT / "device/models/keywords.lnn").read_bytes(), scan(words, LABELS, "validation")
    data.clips = [clip for clip in data.clips if clip.word == "tree"]
    some = lost_frames.under_loss(content, data)
    assert some.clips == 8 and set(some.accuracy) == set(lost_frames.HOPS) and set(LOSSES[1:]) < set(some.accuracy)
    assert some.accuracy["a quarter dropped"] > 0
    monkeypatch.setattr(lost_frames, "DROPPED", 1.0)
    assert lost_frames.under_loss(content, data).accuracy["a quarter dropped"] == 0


def test_noise_that_training_heard_is_left_out(words):
    clips = command._held_out(scan(words, LABELS, "validation").clips)
    assert sorted(clip.start // 16000 for clip in clips if clip.label == "_silence_") == [8, 9]
    assert sum(clip.label != "_silence_" for clip in clips) == 24


def test_mistakes_are_one_sentence(words, tmp_path, monkeypatch, capsys):
    def says(*arguments: str) -> str:
        monkeypatch.setattr("sys.argv", ["liquid-compare", "--data", str(words), "--out", str(tmp_path), *arguments])
        with pytest.raises(SystemExit) as stop:
            command.main()
        assert stop.value.code == 2
        return capsys.readouterr().err.replace("\n", " ")

    assert "unknown network 'lstm'; available: ltc, ds_cnn" in says("--archs", "lstm")
    assert "give whole numbers" in says("--seeds", "one")
