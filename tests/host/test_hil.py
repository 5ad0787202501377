# SPDX-License-Identifier: MIT
"""HILTester and liquid-test --device: the same clips on a board that lives in this process. Virtual ones: tests/device."""

import json
import types
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import soundfile
from liquid_audio_nets import devices
from liquid_audio_nets.audio.dataset import scan
from liquid_audio_nets.audio.files import AudioError
from liquid_audio_nets.errors import LiquidWarning
from liquid_audio_nets.link import BoardError, LinkError, ports
from liquid_audio_nets.lnn import write
from liquid_audio_nets.power import MeterError
from liquid_audio_nets.testing import HILTester, hil, spread
from local_board import LocalBoard
from small_model import babble, tiny_integer_model
from test_commands import command

pytestmark = pytest.mark.usefixtures("firmware", "elsewhere")
LABELS = ("yes", "no", "_silence_")
TRACE = "time_ms,current_ua,voltage_v\n" + "".join(f"{k},1000,3.0\n" for k in range(200))


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """The board in this process puts models beside the test's files."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def data(tmp_path):
    for k, word in enumerate(("yes", "no")):
        (tmp_path / "data" / word).mkdir(parents=True)
        for i in range(6 * (k + 1)):
            soundfile.write(tmp_path / "data" / word / f"{i:08x}_nohash_0.wav", babble(12000 + 900 * i, i), 16000)
    (tmp_path / "data/_silence_").mkdir()
    soundfile.write(tmp_path / "data/_silence_/quiet.wav", np.zeros(16000, np.int16), 16000)
    return tmp_path / "data"


@pytest.fixture
def local(monkeypatch):
    """Lets every device be the board in this process; gives the boards that were opened."""
    opened = []

    def connect(device, transport="mpremote"):
        opened.append(LocalBoard())
        return opened[-1]

    monkeypatch.setattr(hil, "connect", connect)
    monkeypatch.setattr(hil, "BETWEEN_S", 0)
    return opened


def make(model_path, **more):
    return HILTester("auto", model_path, **more)


def test_clips_are_spread_over_the_labels(data):
    dataset = scan(data, LABELS)
    some = spread(dataset, 7)
    assert len(some) == 7 and some.clips == spread(dataset, 7).clips
    assert some.counts()["no"] <= 3 and some.counts()["yes"] >= 2
    assert len(spread(dataset, 1000)) == len(dataset)


def test_a_board_with_the_same_core_agrees(data, model_path, local):
    result = make(model_path).run_tests(data, split="all")
    assert len(result.clips) == 19 and result.bit_equal and result.accuracy == result.host_accuracy
    assert all(clip.difference == 0 for clip in result.clips) and result.reconnects == 0
    assert result.avg_power_mw is None and result.latency_ms is None, "not asked for, so absent"
    assert not {"avg_power_mw", "latency_ms"} & set(result.as_json())


def test_integer_models_are_compared_step_by_step(data, tmp_path, local):
    path = tmp_path / "tiny.lnn"
    path.write_bytes(write(tiny_integer_model()))
    result = HILTester("auto", path).run(scan(data, ("yes", "no")))
    assert result.bit_equal


def test_a_board_that_computes_otherwise_is_caught(data, model_path, local, monkeypatch, tmp_path):
    class Wrong(LocalBoard):
        def exec(self, code):
            said = super().exec(code)
            return said.replace("((", "(").replace("(0,", "(1,", 1) if code.startswith("_run(") else said

    monkeypatch.setattr(hil, "connect", lambda device, transport: Wrong())
    result = make(model_path).run_tests(data, clips=4, split="all")
    assert not result.bit_equal
    result.save_junit(tmp_path / "found.xml")
    suite = ElementTree.parse(tmp_path / "found.xml").getroot()
    assert suite.get("tests") == "4" and int(suite.get("failures")) == len(suite.findall("testcase/failure")) > 0
    command("test", "--model", model_path, "--data", data, "--device", "auto", "--clips", 4, expect=5)


@pytest.mark.parametrize("calls", range(1, 60, 7))
def test_a_lost_connection_is_found_again(data, model_path, monkeypatch, calls):
    boards = [LocalBoard(cut_after=calls + 30), LocalBoard(cut_after=calls + 40), LocalBoard()]
    monkeypatch.setattr(hil, "connect", lambda device, transport: boards.pop(0))
    monkeypatch.setattr(hil, "BETWEEN_S", 0)
    try:
        result = make(model_path).run_tests(data, clips=6, split="all")
    except LinkError:
        assert len(boards) == 2, "lost before the first clip"
        return
    assert len(result.clips) == 5 and result.bit_equal and result.reconnects == 2 - len(boards)


def test_a_connection_that_stays_lost(data, model_path, monkeypatch):
    boards = [LocalBoard(cut_after=100)]
    monkeypatch.setattr(hil, "connect", lambda device, transport: boards.pop() if boards else LocalBoard(0))
    monkeypatch.setattr(hil, "BETWEEN_S", 0)
    with pytest.raises(LinkError, match="lost"):
        make(model_path).run_tests(data, split="all")


def test_firmware_without_the_module(data, model_path, monkeypatch):
    class Stock(LocalBoard):
        def exec(self, code):
            return super().exec(code.replace("liquid_audio", "no_such_module"))

    monkeypatch.setattr(hil, "connect", lambda device, transport: Stock())
    with pytest.raises(BoardError, match="no liquid_audio module"):
        make(model_path).run_tests(data, split="all")


def test_power_comes_from_a_meter_or_not_at_all(data, model_path, local, tmp_path, monkeypatch):
    monkeypatch.delenv("LIQUID_METER", raising=False)
    with pytest.warns(LiquidWarning, match="power was not measured, because no meter is named"):
        result = make(model_path).run_tests(data, measure_power=True, clips=2, split="all")
    assert result.avg_power_mw is None and "mW" not in " ".join(result.lines())
    (tmp_path / "trace.csv").write_text(TRACE)
    monkeypatch.setenv("LIQUID_METER", str(tmp_path / "trace.csv"))
    result = make(model_path).run_tests(data, measure_power=True, clips=2, split="all")
    assert result.avg_power_mw == pytest.approx(3.0) and "trace.csv" in result.power_source
    with pytest.raises(MeterError, match="no meter"):
        make(model_path, meter="amperes").run_tests(data, measure_power=True, clips=2, split="all")


def test_a_missing_data_set_is_one_sentence(model_path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(AudioError, match=r"the data set google_speech_commands is missing .*LIQUID_DATA"):
        make(model_path).run_tests("google_speech_commands")
    with pytest.raises(AudioError, match="no such folder"):
        make(model_path).run_tests("my_words")


def test_a_data_set_by_name(data, model_path, tmp_path, monkeypatch, local):
    data.rename(tmp_path / "speech_commands")
    monkeypatch.setenv("LIQUID_DATA", str(tmp_path))
    monkeypatch.chdir(model_path.parent)
    assert len(make(model_path).run_tests("google_speech_commands", clips=5, split="all").clips) == 5


def test_command(data, model_path, local, tmp_path):
    arguments = ("--model", model_path, "--data", data, "--device", "auto", "--clips", 5)
    junit = tmp_path / "junit.xml"
    result = json.loads(command("test", *arguments, "--json", "--junit", junit).stdout)
    assert result["device"]["clips"] == result["device"]["same"] == 5 and result["clips"] == 19
    assert len(ElementTree.parse(junit).getroot().findall("testcase")) == 5
    assert "5 of 5 clips computed as on the host" in command("test", *arguments).stdout
    error = command("test", "--model", model_path, "--data", data, "--junit", junit, expect=2).stderr
    assert "name one with --device" in error


def plug_in(monkeypatch, *found):
    listed = [types.SimpleNamespace(device=device, vid=vid, pid=pid) for device, vid, pid in found]
    monkeypatch.setattr(ports.list_ports, "comports", lambda: listed)


def test_boards_are_found_by_their_usb_ids(monkeypatch):
    plug_in(monkeypatch, ("/dev/ttyACM3", 0x0483, 0x374B), ("/dev/ttyACM1", 0x2341, 0x43), ("/dev/ttyS0", None, None))
    assert devices.port_of("nucleo-f446re") == devices.port_of("nucleo_f446re") == "/dev/ttyACM3"
    assert devices.port_of("/dev/ttyACM1") == "/dev/ttyACM1" and devices.port_of("COM3") == "COM3"
    plug_in(monkeypatch, ("/dev/ttyACM3", 0x0483, 0x374B), ("/dev/ttyACM4", 0x0483, 0x374E))
    with pytest.raises(LinkError, match=r"several ports may be nucleo_f446re \(/dev/ttyACM3, /dev/ttyACM4\)"):
        devices.port_of("nucleo-f446re")


@pytest.mark.parametrize(
    "device, sentence",
    [
        ("nucleo-f446re", "nucleo_f446re is not plugged in .*: connect it by USB, or name its serial port"),
        ("rpi_pico2", "its board.toml names no USB ids"),
        ("toaster", "no board 'toaster': name a serial port"),
    ],
)
def test_a_board_that_is_not_there_is_exit_code_3(device, sentence, monkeypatch, data, model_path):
    plug_in(monkeypatch)
    with pytest.raises(LinkError, match=sentence):
        HILTester(device, model_path).run_tests(data, split="all")
    command("test", "--model", model_path, "--data", data, "--device", device, expect=3)


def test_firmware_says_on_which_board_it_runs(data, model_path, local, monkeypatch):
    monkeypatch.setattr(hil, "prepare", lambda *_: "zephyr-nucleo_h743zi with stm32h743xx")
    with pytest.raises(LinkError, match="is zephyr-nucleo_h743zi with stm32h743xx, not nucleo-f446re"):
        HILTester("nucleo-f446re", model_path).run_tests(data, split="all")
