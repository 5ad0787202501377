# SPDX-License-Identifier: MIT
"""Currents of chips, boards, microphones and batteries: boards/, where each number names its source or says `assumed`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ..board import FirmwareError, find_board, project_dir
from .errors import PowerError

DEFAULT_MICROPHONE = "mp34dt05"


@dataclass(frozen=True)
class Constant:
    """A number, and where it comes from.  assumed: nobody has published it; `source` then says what it is based on."""

    value: float
    source: str
    assumed: bool = False


@dataclass(frozen=True)
class Stream:
    """A result of MLPerf Tiny's streaming wake word: average power in mW at a clock in MHz; duty: share of time busy."""

    clock_mhz: float
    mw: float
    duty: float


@dataclass(frozen=True)
class MlperfTiny:
    """Published results of keyword spotting on a chip.  The energy of an inference in uJ, at clock_mhz."""

    source: str
    clock_mhz: float
    uj_per_inference: float
    inferences_per_s: float
    streams: tuple[Stream, ...]


@dataclass(frozen=True)
class Chip:
    """What a chip draws.

    run_pj: per cycle while the processor runs.  idle: "sleep" if the clocks have to run while audio is captured, "stop" if
    they need not.  sleep_to_run: power asleep over power running at the same clock.  capture_ua: receiver, DMA and their
    clocks, without the microphone.  wake_us: from idle until the first instruction."""

    key: str
    name: str
    core: str
    target: str
    clock_hz: float  # the highest
    idle: str
    supply_v: Constant
    run_pj: Constant
    sleep_to_run: Constant | None
    stop_ua: Constant
    capture_ua: Constant
    wake_us: Constant
    cycles_per_instruction: Constant
    mlperf: MlperfTiny | None = None


@dataclass(frozen=True)
class Microphone:
    """ua: its current while it delivers sound."""

    key: str
    name: str
    ua: Constant


@dataclass(frozen=True)
class Device:
    """A chip with a microphone and, on a board, its clock and the regulator's own current."""

    name: str
    chip: Chip
    microphone: Microphone
    clock_hz: float
    regulator_ua: Constant = Constant(0.0, "the chip alone, supplied by its battery")

    def constants(self) -> dict[str, Constant]:
        """Every number that an estimate for this device rests on."""
        chip = self.chip
        found = {
            "supply_v": chip.supply_v,
            "run_pj_per_cycle": chip.run_pj,
            "stop_ua": chip.stop_ua,
            "capture_ua": chip.capture_ua,
            "wake_us": chip.wake_us,
            "cycles_per_instruction": chip.cycles_per_instruction,
            "microphone_ua": self.microphone.ua,
            "regulator_ua": self.regulator_ua,
        }
        if chip.idle == "sleep" and chip.sleep_to_run:
            found["sleep_to_run"] = chip.sleep_to_run
            del found["stop_ua"]
        return found


def constant(about: dict[str, Any], where: str) -> Constant:
    """{"value", and either "source" or "assumed"} -> Constant.  Raises PowerError if the number has neither."""
    if "source" in about:
        return Constant(float(about["value"]), about["source"])
    if "assumed" in about:
        return Constant(float(about["value"]), about["assumed"], assumed=True)
    raise PowerError(f"{where}: the number has neither `source` nor `assumed`; add one of them")


@cache
def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def shared(name: str) -> dict[str, Any]:
    """A table of boards/shared/, such as "microphones"."""
    return _read(project_dir() / "boards" / "shared" / f"{name}.toml")


def chips() -> list[str]:
    """Names of the chips that have constants."""
    return sorted(path.stem for path in (project_dir() / "boards" / "shared" / "chips").glob("*.toml"))


def find_chip(key: str) -> Chip:
    """The chip of boards/shared/chips/KEY.toml."""
    about = shared(f"chips/{key}")
    core = about["core"]
    more = shared("cores")[core]

    def number(name: str) -> Constant:
        return constant(about[name], f"boards/shared/chips/{key}.toml, {name}")

    mlperf = _mlperf(about.get("mlperf"))
    supply = number("supply_v")
    return Chip(
        key,
        about["name"],
        core,
        more["target"],
        float(about["clock_hz"]),
        about["idle"],
        supply,
        _fitted(mlperf) if mlperf else _per_cycle(number("run_ua_per_mhz"), supply),
        number("sleep_to_run") if "sleep_to_run" in about else None,
        number("stop_ua"),
        number("capture_ua"),
        number("wake_us"),
        constant(more["cycles_per_instruction"], f"boards/shared/cores.toml, {core}"),
        mlperf,
    )


def _mlperf(about: dict[str, Any] | None) -> MlperfTiny | None:
    if about is None:
        return None
    streams = tuple(Stream(**stream) for stream in about["streams"])
    return MlperfTiny(**(about | {"streams": streams}))


def _fitted(results: MlperfTiny) -> Constant:
    """uJ per inference x inferences per second is the power while busy; over the clock it is the energy of a cycle."""
    pj = results.uj_per_inference * results.inferences_per_s / results.clock_mhz
    return Constant(pj, f"fitted on {results.source}: {results.uj_per_inference:g} uJ per inference")


def _per_cycle(ua_per_mhz: Constant, supply_v: Constant) -> Constant:
    """uA per MHz is pC per cycle."""
    return Constant(ua_per_mhz.value * supply_v.value, ua_per_mhz.source, ua_per_mhz.assumed)


def microphones() -> list[str]:
    """Names that find_microphone() takes."""
    return sorted(shared("microphones"))


def find_microphone(key: str) -> Microphone:
    """A microphone of boards/shared/microphones.toml.  Raises PowerError if there is no such one."""
    if key not in shared("microphones"):
        raise PowerError(f"no microphone {key!r}; there are {', '.join(microphones())}")
    about = shared("microphones")[key]
    return Microphone(key, about["name"], constant(about["ua"], f"boards/shared/microphones.toml, {key}"))


def find_device(name: str, microphone: str | None = None) -> Device:
    """A chip, such as stm32f407, or a board that has constants, such as nucleo_f446re or nucleo-f446re.

    microphone: instead of the board's own.  Raises PowerError if there is no such device."""
    key = name.lower().replace("-", "_")
    if key in chips():
        chip = find_chip(key)
        return Device(chip.name, chip, find_microphone(microphone or DEFAULT_MICROPHONE), chip.clock_hz)
    try:
        board = find_board(key)
    except FirmwareError:
        raise PowerError(f"no chip or board {name!r} has currents; there are {', '.join(chips())}") from None
    if "power" not in board.about:
        raise PowerError(f"{board.name} has no currents in its board.toml; take a chip: {', '.join(chips())}")
    about = board.about["power"]
    return Device(
        board.about["name"],
        find_chip(about["chip"]),
        find_microphone(microphone or about.get("microphone", DEFAULT_MICROPHONE)),
        float(board.about["clock_hz"]),
        constant(about["regulator_ua"], f"boards/{board.name}/board.toml, regulator_ua"),
    )
