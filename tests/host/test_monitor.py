# SPDX-License-Identifier: MIT
"""liquid-monitor without a browser: networks here and on a board in this process, recordings, near-misses, the guard."""

import asyncio
import json
import signal
import subprocess
import sys
import time
import types
from collections import deque

import numpy as np
import pytest
import soundfile
from liquid_audio_nets.errors import LiquidError
from liquid_audio_nets.lnn import Policy, load
from liquid_audio_nets.monitor import (
    BoardSource,
    HostSource,
    MonitorError,
    Reading,
    Recording,
    Replay,
    Session,
    controls,
)
from liquid_audio_nets.monitor.near_misses import CLIP_S, NearMisses
from liquid_audio_nets.monitor.server import Guard
from liquid_audio_nets.monitor.settings import names
from local_board import LocalBoard
from small_model import babble
from test_commands import command


@pytest.fixture
def wav(tmp_path):
    path = tmp_path / "sound.wav"
    soundfile.write(path, np.concatenate([babble(16000, 1), np.zeros(8000, np.int16), babble(16000, 2)]), 16000)
    return path


def here(model_path, wav, **options) -> HostSource:
    return HostSource(model_path, model_path.read_bytes(), Recording(wav, 16000, paced=False), **options)


def everything(session: Session) -> list[Reading]:
    readings = list(session.run())
    session.close()
    return readings


def same(one: Reading, other: Reading) -> bool:
    arrays = ("audio", "log_mel")
    rest = [{name: value for name, value in vars(r).items() if name not in arrays} for r in (one, other)]
    return rest[0] == rest[1] and all(np.array_equal(getattr(one, a), getattr(other, a)) for a in arrays)


def test_every_block_is_seen(model_path, wav):
    readings = everything(Session(here(model_path, wav, chip="nrf52840")))
    assert np.array_equal(np.concatenate([r.audio for r in readings]), soundfile.read(wav, dtype="int16")[0])
    assert readings[-1].time_s == 2.5 and {r.gate_open for r in readings} == {True, False}
    assert any(r.events for r in readings) and len({r.timestep_s for r in readings}) > 1
    assert all(0 < r.power_mw < 50 and r.log_mel.dtype == np.uint8 and r.log_mel.shape == (40,) for r in readings)


def test_every_setting_acts_and_is_saved(model_path, wav):
    source = here(model_path, wav)
    before = source.settings()
    assert sorted(before) == sorted(names(source.labels))
    for name, value in before.items():
        source.change(name, "spectral_flux" if name == "complexity" else 0.9 * float(value))
    assert not [name for name, value in source.settings().items() if value == before[name] and value]
    source.save()
    again = here(model_path, wav).settings()
    assert again == pytest.approx(source.settings()) if "complexity" not in again else again.pop("complexity")
    policy, default = load(model_path).policy, Policy()
    assert policy.hold_us == 180_000 and policy.energy_threshold == pytest.approx(0.9 * default.energy_threshold)
    assert load(model_path).labels[0].threshold == pytest.approx(0.45)


@pytest.mark.parametrize(
    "name, value, sentence",
    [
        ("thresholds.yes", 1.5, "thresholds.yes is 1.5; it must be from 0 to 1"),
        ("refractory.yes", -1, "refractory.yes is -1 s; it must be from 0 s to 4000 s"),
        ("thresholds.maybe", 0.5, "no setting 'thresholds.maybe'; there are thresholds.yes, "),
        ("min_timestep", 2.0, "min_timestep is 2 s; it must be from 0.001 s to 0.1 s (max_timestep)"),
        ("hold", "long", "hold is a number, not 'long'"),
        ("complexity", "loudness", "complexity is 'loudness'"),
    ],
)
def test_an_impossible_setting_is_refused(model_path, wav, name, value, sentence):
    session = Session(here(model_path, wav))
    before, future = session.settings, session.change(name, value)
    next(session.run())
    with pytest.raises(LiquidError) as refused:
        future.result()
    assert sentence in str(refused.value) and session.settings == before
    session.close()


def test_each_setting_has_a_control_with_a_sentence(model_path, wav):
    source = here(model_path, wav)
    found = controls(source.labels, source.settings())
    assert sorted(control.name for control in found) == sorted(source.settings())
    assert all(control.about.endswith(".") and (control.low < control.high or control.choices) for control in found)


def test_a_replay_is_what_was_recorded(model_path, wav, tmp_path):
    session = Session(here(model_path, wav), record=tmp_path / "session.jsonl")
    readings = []
    for reading in session.run():
        readings.append(reading)
        if len(readings) == 10:
            session.change("thresholds.yes", 0.25)
    session.close()
    replay = Replay(tmp_path / "session.jsonl", paced=False)
    watching = Session(replay)
    assert watching.settings["thresholds.yes"] == 0.5
    again = list(watching.run())
    assert len(again) == len(readings) and all(map(same, readings, again))
    assert watching.settings == session.settings and watching.settings["thresholds.yes"] == 0.25
    with pytest.raises(MonitorError, match=r"liquid-monitor --wav \S*session.wav --model small.lnn"):
        replay.change("hold", 1.0)
    with pytest.raises(MonitorError, match="exists; choose another name"):
        Session(here(model_path, wav), record=tmp_path / "session.jsonl")


def test_a_session_that_ends_hard_can_be_replayed(model_path, wav, tmp_path):
    """Ctrl-C ends the command well; if it is killed, everything up to the last whole line is there."""
    for number, code in ((signal.SIGINT, 0), (signal.SIGKILL, -signal.SIGKILL)):
        path = tmp_path / f"{number}.jsonl"
        code_line = "from liquid_audio_nets.cli.monitor import main; main()"
        words = ["--wav", wav, "--model", model_path, "--text", "--record", path]
        process = subprocess.Popen(
            [sys.executable, "-c", code_line, *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while not path.exists() or path.read_text().count("\n") < 12:
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
        assert process.returncode == code and "Traceback" not in err
        again = everything(Session(Replay(path, paced=False)))
        assert len(again) >= 11 and all(len(r.audio) == 640 for r in again[:-1])
    with (tmp_path / "2.jsonl").open("a") as file:
        file.write('{"time_s": 1.0, "lev')  # torn
    assert len(everything(Session(Replay(tmp_path / "2.jsonl", paced=False)))) >= 11


@pytest.mark.parametrize("text", ["", "no\n", "{}\n", '{"liquid_monitor": 1}\n'])
def test_what_is_no_recording_is_refused(tmp_path, text):
    (tmp_path / "x.jsonl").write_text(text)
    assert (
        "is no recording of liquid-monitor"
        in command("monitor", "--replay", tmp_path / "x.jsonl", "--text", expect=2).stderr
    )


def reading(time_s: float, score: float, detected: bool = False) -> Reading:
    from liquid_audio_nets.monitor import Heard

    events = (Heard("yes", score, time_s),) if detected else ()
    audio = np.full(640, round(100 * time_s), np.int16)
    return Reading(time_s, 0.1, 0.1, True, 0.03, "yes", score, (score, 0.0, 1 - score), 1, events, audio=audio)


def watched(scores, detected=(), folder=None) -> list:
    near = NearMisses(("yes", "no", "_silence_"), 16000, folder)
    settings = {"thresholds.yes": 0.9, "thresholds.no": 0.9, "thresholds._silence_": 0.0}
    seen = (near.see(reading(0.04 * i, score, i in detected), settings) for i, score in enumerate(scores))
    return [found for found in seen if found]


def test_near_misses(tmp_path):
    assert watched([0.1] * 60) == []
    (one,) = watched([0.1] * 40 + [0.3, 0.5, 0.7, 0.6, 0.2] + [0.1] * 20, folder=tmp_path)
    assert (one.label, one.score, one.path.parent.name) == ("yes", 0.7, "near_misses")
    clip, rate = soundfile.read(one.path, dtype="int16")
    assert rate == 16000 and len(clip) == CLIP_S * rate and clip[-1] == round(100 * one.time_s)
    assert one.path.name.startswith("yes_700_")
    assert watched([0.1] * 9 + [0.6, 0.7, 0.95, 0.8, 0.2, 0.1], detected=(11,)) == []
    assert len(watched([0.1] + [0.6] * 100 + [0.1])) == 1  # a long one counts once


class WavMic:
    """liquid_audio.Mic of a board in this process.  late: samples that are lost whenever sound is sent."""

    rate, late = 16000, 0

    def __init__(self, rate):
        self._mic, self.lost = Recording(WavMic.wav, rate, paced=False), 0

    def readinto(self, block) -> int:
        samples = np.zeros(len(block) // 2, np.int16)
        n = self._mic.readinto(samples)
        block[: 2 * n] = samples[:n].tobytes()
        self.lost = WavMic.late
        return n


@pytest.fixture
def board(firmware, wav, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(WavMic, "wav", wav, raising=False)
    firmware.CLOCK, firmware.Mic = "cycles", WavMic
    return LocalBoard()


def test_a_board_sees_what_the_host_sees(board, model_path, wav):
    there = everything(Session(BoardSource(board, model_path, model_path.read_bytes(), "nrf52840", again=False)))
    readings = everything(Session(here(model_path, wav, chip="nrf52840")))
    assert len(there) == len(readings)
    for one, other in zip(there, readings, strict=True):
        assert one.work == 0 and same(Reading(**vars(one) | {"work": None}), other)


def test_settings_of_a_board(board, model_path, tmp_path):
    source = BoardSource(board, model_path, model_path.read_bytes(), None, again=False)
    session = Session(source)
    for name, value in session.settings.items():
        source.change(name, "zero_crossings" if name == "complexity" else 0.9 * float(value))
    with pytest.raises(MonitorError, match="min_timestep is 2 s; it must be from"):
        source.change("min_timestep", 2.0)
    assert source.save() == f"{model_path} and models/small.lnn on the board"
    assert (tmp_path / "models/small.lnn").read_bytes() == model_path.read_bytes()
    assert load(model_path).policy.complexity == "zero_crossings" and load(model_path).labels[
        0
    ].threshold == pytest.approx(0.45)
    assert next(session.run()).time_s == 0.04


def test_a_port_that_is_too_slow_sends_no_sound(board, model_path, monkeypatch):
    monkeypatch.setattr(WavMic, "late", 320)
    source = BoardSource(board, model_path, model_path.read_bytes(), None, again=False)
    readings = everything(Session(source))
    assert not source.sends_sound and readings[0].audio is not None and readings[-1].audio is None
    assert readings[-1].log_mel is None and readings[-1].time_s == pytest.approx(2.5 + 0.02 * len(readings))


def test_a_lost_board_is_one_sentence(board, model_path):
    board.cut_after = 40
    session = Session(BoardSource(board, model_path, model_path.read_bytes(), None, again=True))
    session.start()
    while not session.ended:
        time.sleep(0.01)
    assert str(session.error) == "the connection to local was lost"
    with pytest.raises(LiquidError, match="the connection to local was lost"):
        session.change("hold", 0.1).result(timeout=5)


def test_the_microphone(model_path, monkeypatch):
    blocks = deque([(babble(640, 1).tobytes(), False)] * 3)

    class Stream:
        def __init__(self, **options):
            assert options["samplerate"] == 16000 and options["blocksize"] == 640

        def start(self): ...
        def close(self): ...
        def read(self, n):
            if not blocks:
                raise Broken("unplugged")
            return blocks.popleft()

    class Broken(Exception): ...

    monkeypatch.setitem(sys.modules, "sounddevice", types.SimpleNamespace(RawInputStream=Stream, PortAudioError=Broken))
    done = command("monitor", "--microphone", "--model", model_path, "--text", expect=2)
    assert "gate" in done.stdout and done.stderr == "error: the microphone failed: unplugged\n"


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["--text"], "choose one of --device, --wav, --microphone and --replay"),
        (["--wav", "x.wav", "--microphone"], "choose one of --device, --wav, --microphone and --replay"),
        (["--wav", "x.wav", "--text"], "name the model: --model computer.lnn"),
        (["--wav", "x.wav", "--model", "small.lnn", "--text"], "x.wav: no such file"),
        (
            ["--device", "/dev/none", "--wav", "x.wav", "--model", "small.lnn", "--text"],
            "only a virtual board hears a sound",
        ),
    ],
)
def test_options_that_do_not_fit(model_path, monkeypatch, words, sentence):
    monkeypatch.chdir(model_path.parent)
    assert sentence in command("monitor", *words, expect=2).stderr


def test_no_board(model_path):
    done = command("monitor", "--device", "/dev/none", "--model", model_path, "--text", expect=3)
    assert done.stderr == "error: cannot open /dev/none: check the name, and close other programs that use it\n"


def test_without_the_toolkit(model_path, wav):
    code = "import sys; sys.modules['nicegui'] = None; from liquid_audio_nets.cli.monitor import main; main()"
    words = [sys.executable, "-c", code, "--wav", wav, "--model", model_path]
    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr == "error: this needs nicegui, which is not installed: pip install 'liquid-audio-nets[monitor]'\n"
    )


def test_replay_in_a_terminal(model_path, wav, tmp_path):
    everything(Session(here(model_path, wav), record=tmp_path / "s.jsonl"))
    heard = [line for line in (tmp_path / "s.jsonl").read_text().splitlines() if json.loads(line).get("events")]
    said = command("monitor", "--replay", tmp_path / "s.jsonl", "--text").stdout
    assert said.count("timestep") == 3 and heard
    assert len([line for line in said.splitlines() if line.split()[2:3] and line.split()[2] in ("yes", "no")]) >= len(
        heard
    )


def answer(guard: Guard, kind: str, query: bytes = b"", cookie: bytes = b"") -> list[dict]:
    sent = []

    async def send(message):
        sent.append(message)

    headers = [(b"cookie", cookie)] if cookie else []
    asyncio.run(guard({"type": kind, "query_string": query, "headers": headers}, None, send))
    return sent


def test_only_who_has_the_token_gets_in():
    async def inner(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    guard = Guard(inner, "secret", 80)
    assert answer(guard, "http")[0]["status"] == answer(guard, "http", b"token=other")[0]["status"] == 403
    assert answer(guard, "http", cookie=b"liquid_monitor_80=other")[0]["status"] == 403
    assert answer(guard, "websocket") == [{"type": "websocket.close", "code": 1008}]
    (entered,) = answer(guard, "http", b"token=secret")
    assert entered["status"] == 200
    assert dict(entered["headers"])[b"set-cookie"] == b"liquid_monitor_80=secret; Path=/; HttpOnly; SameSite=Strict"
    assert answer(guard, "http", cookie=b"a=b; liquid_monitor_80=secret")[0]["status"] == 200
    assert answer(guard, "websocket", cookie=b"liquid_monitor_80=secret")[0]["type"] == "http.response.start"
