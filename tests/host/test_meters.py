# SPDX-License-Identifier: MIT
"""Power meters: the simulated one against the truth, traces in files, and the drivers that need no instrument."""

import dataclasses
import json
import runpy
import sys
import types
import typing

import numpy as np
import pytest
from liquid_audio_nets.power import MeterError
from liquid_audio_nets.power.meters import (
    SimulatedMeter,
    Trace,
    aligned,
    open_meter,
    read_csv,
    read_jls,
    stage_energies,
)
from liquid_audio_nets.power.meters.ina228 import Ina228
from liquid_audio_nets.power.meters.open import measure
from liquid_audio_nets.power.meters.stages import energy_j, named
from test_commands import command

RATE_HZ, SUPPLY_V = 100_000.0, 3.0
ASLEEP_A, BUSY_A, STEP_A = 20e-6, 3.3e-3, 6e-3


def listening(seconds=1.0):
    """A board that wakes every 32 ms for 0.4 ms, and every third time computes a step of 3 ms: current and marks."""
    n = int(seconds * RATE_HZ)
    current, marks = np.full(n, ASLEEP_A), np.zeros(n, np.uint8)
    for k, at in enumerate(range(1000, n - 400, 3200)):
        length = 300 if k % 3 == 0 else 40
        current[at : at + length] = STEP_A if k % 3 == 0 else BUSY_A
        marks[at : at + length] = 2 if k % 3 == 0 else 1
    return current, marks


def truth_j(current):
    return float(current.sum() * SUPPLY_V / RATE_HZ)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("lost", [0.0, 0.05, 0.2])
def test_energy_is_within_2_percent_under_drift_and_lost_samples(seed, lost):
    current, marks = listening()
    trace = SimulatedMeter(RATE_HZ, current, marks, SUPPLY_V, lost=lost, seed=seed).record(1.0)
    assert trace.lost >= lost > 0 or lost == 0 < trace.lost < 0.01
    assert energy_j(trace) == pytest.approx(truth_j(current), rel=0.02)
    if lost:  # to take lost samples as zero would not do
        assert np.nansum(trace.power_w) / RATE_HZ < 0.98 * truth_j(current)
    for stage in stage_energies(trace):
        mine = marks == stage.mark
        slack = 0.02 if stage.mark else 0.12  # asleep an offset of 2 uA is a tenth
        assert stage.energy_j == pytest.approx(truth_j(current[mine]), rel=slack)
        assert stage.mark == 0 or stage.low_j <= truth_j(current[mine]) / stage.runs <= stage.high_j


def test_marks_are_aligned_with_a_current_that_lags():
    current, marks = listening()
    trace = SimulatedMeter(RATE_HZ, current, marks, SUPPLY_V, lost=0.02, lag_s=2e-4).record(1.0)
    wrong, right = stage_energies(trace), stage_energies(aligned(trace))
    real = truth_j(current[marks == 1])
    assert abs(wrong[1].energy_j / real - 1) > 0.3 and right[1].energy_j == pytest.approx(real, rel=0.02)


def test_few_runs_have_no_interval_and_unmarked_traces_one_stage():
    current, marks = listening(0.05)
    few = stage_energies(SimulatedMeter(RATE_HZ, current, marks).record(0.05))
    assert any(stage.low_j is None for stage in few)
    whole = stage_energies(SimulatedMeter(RATE_HZ, current, np.zeros_like(marks)).record(0.05))
    assert len(whole) == 1 and whole[0].runs == 1
    with pytest.raises(MeterError, match="no sample of current"):
        Trace(1.0, np.full(3, np.nan), np.zeros(3, np.uint8), 3.0, 0.0, "dead")


def test_csv_with_units_gaps_and_bits(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "Timestamp(ms),Current(uA),D0-D7\n0,1000,00000000\n1,2000,10000000\n4,3000,01000000\n5,3000,01000000\n"
    )
    trace = read_csv(path, 3.0)
    assert trace.rate_hz == pytest.approx(1000) and trace.lost == pytest.approx(2 / 6)
    assert trace.current_a[[0, 1, 4]].tolist() == [1e-3, 2e-3, 3e-3] and trace.marks.tolist() == [0, 1, 1, 1, 2, 2]
    path.write_text("time_s,current_a,voltage_v,marks\n0,0.001,3.3,0\n0.01,0.002,3.2,5\n")
    assert measure(str(path), 1.0).power_w.tolist() == pytest.approx([3.3e-3, 6.4e-3])
    for text, match in (("a,b\n1,2\n", "needs a heading"), ("time,current\n0,x\n", "does not hold the numbers")):
        path.write_text(text)
        with pytest.raises(MeterError, match=match):
            read_csv(path, 3.0)
    path.write_text("time,current\n0,1\n1,1\n")
    with pytest.raises(MeterError, match="--supply-v"):
        read_csv(path)


def test_jls_as_joulescope_writes_it(tmp_path):
    pyjls = pytest.importorskip("pyjls")
    path, current = tmp_path / "t.jls", (np.arange(1000) * 1e-6).astype(np.float32)
    with pyjls.Writer(str(path)) as writer:
        writer.source_def(source_id=1, name="JS220")
        for key, name, units in ((1, "current", "A"), (2, "voltage", "V")):
            writer.signal_def(
                signal_id=key, source_id=1, sample_rate=1000, name=name, units=units, data_type=pyjls.DataType.F32
            )
        writer.fsr_f32(1, 0, current)
        writer.fsr_f32(2, 0, np.full(1000, 3.1, np.float32))
    trace = read_jls(path)
    assert trace.seconds == pytest.approx(1.0) and not trace.marks.any()
    assert np.allclose(trace.current_a, current) and np.allclose(trace.supply_v, 3.1)
    path.write_bytes(b"no")
    with pytest.raises(MeterError, match="not a readable"):
        read_jls(path)


def test_ppk2_through_the_simulation_of_its_driver():
    pytest.importorskip("ppk2lab")
    from liquid_audio_nets.power.meters.ppk2 import Ppk2

    with Ppk2(supply_v=3.0, simulate=True) as meter:
        trace = meter.record(0.2)
    assert trace.rate_hz == 100_000 and trace.seconds == pytest.approx(0.2, abs=0.01)
    assert 1e-3 < np.nanmean(trace.current_a) < 3e-3  # the simulation draws 6 uA and pulses of 12 mA
    with pytest.raises(MeterError, match="measures no voltage"):
        Ppk2(simulate=True)


class Bus:
    """An I2C bus with an INA228 that sees 40 uV at the shunt and 3 V."""

    def __init__(self):
        self.written = {}
        shunt, bus = ((steps << 4).to_bytes(3, "big") for steps in (512, 15360))
        self.answers = {0x3F: b"\x22\x81", 0x0B: b"\x00\x02", 0x04: shunt, 0x05: bus}

    def readfrom_mem_into(self, address, register, buffer):
        assert address == 0x40
        buffer[:] = self.answers[register]

    def writeto_mem(self, address, register, data):
        self.written[register] = data


@pytest.fixture
def ina228(root, monkeypatch):
    """The script of the second board, run here."""
    clock = iter(range(0, 10**9, 600))
    fake = types.SimpleNamespace(ticks_us=lambda: next(clock), ticks_diff=lambda a, b: a - b)
    monkeypatch.setitem(sys.modules, "time", fake)
    return runpy.run_path(str(root / "device/ina228.py"))


def test_the_script_of_the_second_board(ina228, capsys):
    bus = Bus()
    meter = ina228["INA228"](bus, 0.1)
    assert meter.current_a() == pytest.approx(512 * 78.125e-9 / 0.1) and meter.voltage_v() == pytest.approx(3.0)
    assert bus.written == {0: b"\x00\x10", 1: b"\xb4\x80"}
    bus.answers[0x04] = ((1 << 20) - 512 << 4).to_bytes(3, "big")
    assert meter.current_a() < 0
    pins = [types.SimpleNamespace(value=lambda: 0), types.SimpleNamespace(value=lambda: 1)]
    ina228["record"](meter, 0.01, pins)
    rows = [line.split(",") for line in capsys.readouterr().out.split()]
    assert len(rows) > 3 and {row[3] for row in rows} == {"2"} and rows[0][2] == "15360"


def test_the_host_reads_the_second_board():
    said = "".join(f"{t},512,15360,{t // 3000 % 2}\n" for t in range(0, 60000, 600) if t != 1200)
    board = types.SimpleNamespace(exec=lambda code: said if code.startswith("record") else "")
    trace = Ina228(board, 0.1, (2,)).record(0.06)
    assert trace.rate_hz == pytest.approx(1e6 / 600) and len(trace.current_a) == 100
    assert np.nanmean(trace.power_w) == pytest.approx(512 * 78.125e-9 / 0.1 * 3.0) and set(trace.marks) == {0, 1}


def test_names_of_meters_and_marks():
    assert named("0=asleep, 1=a step") == {0: "asleep", 1: "a step"}
    for call, match in ((lambda: named("asleep"), "0=asleep"), (lambda: open_meter("scope"), "no meter 'scope'")):
        with pytest.raises(MeterError, match=match):
            call()


def test_the_command_prints_measured_figures_only(tmp_path):
    current, marks = listening(0.5)
    path = tmp_path / "t.csv"
    rows = (f"{i * 1e-5:.5f},{a:.7f},{m}" for i, (a, m) in enumerate(zip(current, marks, strict=True)))
    path.write_text("time_s,current_a,marks\n" + "\n".join(rows))
    arguments = ("--meter", path, "--supply-v", 3, "--marks", "0=asleep,1=listening,2=a step")
    said = command("profile", *arguments).stdout
    assert "measured by" in said and "a step" in said and "estimated" not in said
    found = json.loads(command("profile", *arguments, "--json").stdout)
    assert found["figures_are"] == "measured" and [s["stage"] for s in found["stages"]] == [
        "asleep",
        "listening",
        "a step",
    ]
    assert found["average_mw"] == pytest.approx(1e3 * truth_j(current) / 0.5, rel=1e-3)
    assert "no such file" in command("profile", "--meter", tmp_path / "no.csv", expect=3).stderr
    assert dataclasses.asdict(stage_energies(read_csv(path, 3.0))[2])["runs"] == 6


class Recording:
    """What otii_tcp_client gives of half a second."""

    channels: typing.ClassVar = {
        "mc": {"timestamp": 0.0, "interval": 0.01, "values": [0.001] * 25 + [0.003] * 25},
        "mv": {"timestamp": 0.0, "interval": 0.1, "values": [3.0] * 5},
        "i1": {"values": [{"timestamp": 0.25, "value": True}]},
        "i2": None,
    }

    def get_channel_data_count(self, device, channel):
        return 50

    def get_channel_data(self, device, channel, index, count):
        return self.channels[channel]


def test_otii_through_a_stand_in_of_its_client(monkeypatch):
    from liquid_audio_nets.power.meters import otii

    said = []
    device = types.SimpleNamespace(id="arc", enable_channel=lambda name, on: said.append(name))
    device.add_to_project = device.enable_exp_port = lambda *_: None
    project = types.SimpleNamespace(
        start_recording=lambda: said.append("start"), stop_recording=lambda: said.append("stop")
    )
    project.get_last_recording = Recording
    program = types.SimpleNamespace(get_devices=lambda: [device], get_active_project=lambda: project)
    client = types.SimpleNamespace(connect=lambda: program, disconnect=lambda: said.append("end"))
    module = types.SimpleNamespace(OtiiClient=lambda: client)
    monkeypatch.setitem(sys.modules, "otii_tcp_client", types.ModuleType("otii_tcp_client"))
    monkeypatch.setitem(sys.modules, "otii_tcp_client.otii_client", module)
    with otii.Otii() as meter:
        trace = meter.record(0.0)
    assert said == ["mc", "mv", "i1", "i2", "start", "stop", "end"]
    assert [round(1e3 * stage.power_w, 6) for stage in stage_energies(trace)] == [3.0, 9.0]
    program.get_devices = list
    with pytest.raises(MeterError, match="no Otii"):
        otii.Otii()


def test_joulescope_through_a_stand_in_of_its_driver(monkeypatch):
    from liquid_audio_nets.power.meters import joulescope

    said = []

    class Driver:
        def device_paths(self):
            return ["u/js220/000001"]

        def __getattr__(self, name):
            return lambda *arguments, **_: said.append((name, *arguments))

    class Record:
        def __init__(self, driver, path, signals):
            assert "gpi[3]" in signals

        def open(self, filename):
            said.append(("record",))

        def close(self):
            said.append(("recorded",))

    monkeypatch.setitem(sys.modules, "pyjoulescope_driver", types.SimpleNamespace(Driver=Driver, Record=Record))
    found = Trace(1000.0, np.ones(3), np.zeros(3, np.uint8), 3.0, 0.0, "file")
    monkeypatch.setattr(joulescope, "read_jls", lambda path: found)
    with joulescope.Joulescope("000001") as meter:
        assert meter.record(0.0).source == "Joulescope u/js220/000001"
    assert [line[0] for line in said] == ["open", "publish", "publish", "record", "recorded", "close", "finalize"]
    with pytest.raises(MeterError, match="no Joulescope"):
        joulescope.Joulescope("999")
