# SPDX-License-Identifier: MIT
"""The energy model, its check against published results, and liquid-profile."""

import json
import re

import numpy as np
import pytest
import soundfile
from liquid_audio_nets.lnn import load, write
from liquid_audio_nets.lnn.costs import estimate, listening
from liquid_audio_nets.power import PowerError, chips, draw, find_device, microphones, profile
from liquid_audio_nets.power.battery import lives
from liquid_audio_nets.power.constants import constant
from liquid_audio_nets.power.mlperf import figures, judged
from liquid_audio_nets.power.work import STAGES, built_in, costs, run
from small_model import babble, small_model, tiny_numbers_model
from test_commands import command

WANTED = {"stm32f407", "stm32f446", "stm32l4r5", "stm32u385", "stm32u575", "stm32h743", "nrf52840", "nrf5340"}
WANTED |= {"nrf54l15", "rp2350", "stm32l072"}
SPEECH_BOARDS = ("stm32f4_disco", "nucleo_f446re", "nucleo_h743zi", "nucleo_l4r5zi", "nucleo_u575zi_q", "rpi_pico2")


@pytest.fixture(scope="module")
def keywords(root):
    path = root / "device/models/keywords.lnn"
    return load(path), path.read_bytes()


def profiled(keywords, device="stm32u575", sound=None, clock_hz=None, harvest_uw=100.0):
    where = find_device(device)
    audio, name = built_in(keywords[0]) if sound is None else (sound, "test")
    draws = draw(where, clock_hz)
    return profile(where, draws, run(*keywords, where.chip.target, audio, name), harvest_uw)


def test_every_number_has_a_source_or_is_assumed():
    assert set(chips()) >= WANTED
    for name in [*chips(), *SPEECH_BOARDS, "nrf52840dk", "xiao-ble-sense"]:
        for key, number in find_device(name).constants().items():
            assert number.value >= 0 and len(number.source) > 10, f"{name} {key}"
    assert all(find_device("nrf52840", key).microphone.ua.value > 0 for key in microphones())
    with pytest.raises(PowerError, match="neither `source` nor `assumed`"):
        constant({"value": 3}, "here")


def test_the_model_is_fitted_on_energies_and_judged_on_powers():
    found = figures()
    assert len(found) == 11 and sum(figure.fitted for figure in found) == 4
    close, powers = judged(found)
    assert powers == 7 and close >= 5
    for figure in found:
        assert not figure.fitted or abs(figure.error) < 1e-9
    u385 = find_device("stm32u385").chip
    assert u385.run_pj.value == pytest.approx(52.8, abs=0.1)  # DESIGN.md: 53 pJ per cycle


def test_the_parts_are_the_whole(keywords):
    found = profiled(keywords)
    assert found.average_mw == pytest.approx(found.power_mw.mean())
    assert set(found.split_mw) >= {"sleep", "microphone", "capture", "gate", "front-end", "cells", "readout", "Python"}
    assert found.idle_mw < found.average_mw < found.peak_mw
    assert found.duty == pytest.approx(found.draw.seconds(found.work.instructions.sum()) / found.work.seconds, abs=1e-4)
    assert 0.032 / 2 < found.latency_p50_s < found.latency_p99_s < 0.2


def test_silence_takes_idle_power_and_has_no_latency(keywords):
    found = profiled(keywords, sound=np.zeros(32000, np.int16))
    assert not found.work.open.any() and found.latency_p50_s is None
    assert found.average_mw == pytest.approx(found.idle_mw)
    assert found.as_json()["latency_ms"] is None


def test_instructions_are_counters_times_the_costs_of_stages(keywords):
    model, content = keywords
    work = run(model, content, "cortex_m4", babble(32000), "babble")
    step = estimate(model, "cortex_m4")
    assert work.stepped.sum() > 10 and work.open.sum() >= work.stepped.sum()
    stages = dict(zip(STAGES, work.instructions.sum(0), strict=True))
    assert stages["cells"] == step["cells"] * work.stepped.sum()
    assert stages["gate"] == pytest.approx(listening(model, "cortex_m4") * 512 * len(work.level))
    # `make bench` counted 2.20 M per second of continuous speech without Python, and 0.14 M of silence
    assert 0.12e6 < (work.idle.sum() - work.idle[-1]) / work.tick_s < 0.16e6


def test_a_slower_clock_sleeps_cheaper_but_has_a_limit(keywords):
    fast, slow = profiled(keywords), profiled(keywords, clock_hz=16e6)
    assert slow.average_mw < 0.5 * fast.average_mw and slow.latency_p50_s > fast.latency_p50_s
    with pytest.raises(PowerError, match="up to 160 MHz"):
        profiled(keywords, clock_hz=200e6)
    with pytest.raises(PowerError, match="too slow at 1 MHz"):
        profiled(keywords, clock_hz=1e6, sound=babble(32000))


def test_batteries_have_limits():
    coin, cells, lipo, harvester = lives(average_mw=3.0, peak_mw=6.0, supply_v=3.0, harvest_uw=100)
    assert not coin.limit and coin.hours == pytest.approx(220, rel=0.01)
    assert cells.hours == pytest.approx(2500, rel=0.05) and lipo.hours < 500
    assert harvester.hours is None and harvester.share == pytest.approx(0.08 / 3)
    assert "for long" in lives(30, 60, 3.0, 100)[0].limit and "capacitor" in lives(3, 60, 3.0, 100)[0].limit


def test_what_cannot_be_profiled_says_so(keywords):
    with pytest.raises(PowerError, match=r"no chip or board 'z80' has currents; there are nrf52840"):
        find_device("z80")
    with pytest.raises(PowerError, match="qemu_m4f has no currents"):
        find_device("qemu_m4f")
    with pytest.raises(PowerError, match="no microphone 'ear'"):
        find_device("stm32f407", "ear")
    with pytest.raises(PowerError, match="rows of numbers"):
        series = tiny_numbers_model()
        run(series, write(series), "cortex_m4", babble(16000), "x")
    with pytest.raises(PowerError, match="liquid-compress"):
        costs(small_model(), "cortex_m0", 512)


def test_the_command(keywords, root, tmp_path):
    soundfile.write(tmp_path / "a.wav", babble(48000), 16000)
    model = root / "device/models/keywords.lnn"
    found = json.loads(
        command("profile", "--device", "stm32f407", "--model", model, "--audio", tmp_path, "--json").stdout
    )
    assert found["figures_are"] == "estimated" and found["seconds"] == pytest.approx(3.0, abs=0.04)
    assert found["average_mw"] == pytest.approx(sum(found["split_mw"].values()))
    assert found["constants"]["capture_ua"]["assumed"] is True
    page, small = tmp_path / "p.html", root / "device/models/keywords_micro.lnn"
    said = command("profile", "--device", "nrf52840dk", "--model", model, "--compare", small, "--html", page).stdout
    assert re.search(r"cells.*[\d.]+ \(.*[\d.]+ \(", said) and "assumed: stop_ua" in said and "CR2032" in said
    text = page.read_text()
    assert "Everything here is estimated" in text and "<svg" in text and "keywords_micro.lnn" in text


def test_the_check_prints_each_error(tmp_path):
    said = command("profile", "--check").stdout
    assert said.count("%") >= 7 and "of 7 streaming powers within 20 %" in said
    assert len(json.loads(command("profile", "--check", "--json").stdout)["figures"]) == 11
    assert "name a chip" in command("profile", "--device", "stm32f407", expect=2).stderr


@pytest.mark.parametrize("name", [*SPEECH_BOARDS, "nrf52840dk", "xiao_ble_sense"])
def test_firmware_reckons_with_the_constants_of_the_model(name, root):
    """CONFIG_LIQUID_AUDIO_IDLE_UW and _CYCLE_PJ are what LNN.current_power_mw() has; the constants are in one place."""
    found = draw(find_device(name))
    text = (root / "boards" / name / "zephyr.conf").read_text()
    said = {key: int(value) for key, value in re.findall(r"CONFIG_LIQUID_AUDIO_(IDLE_UW|CYCLE_PJ)=(\d+)", text)}
    assert said == {"IDLE_UW": round(1e3 * found.idle_mw), "CYCLE_PJ": round(found.extra_pj_per_cycle)}
