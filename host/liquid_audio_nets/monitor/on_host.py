# SPDX-License-Identifier: MIT
"""A network that runs on this computer, in the C core that runs on boards."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np

from ..lnn import load, read, save
from ..lnn.errors import LnnError
from ..native import LNN
from ..native.engine import Microphone
from .errors import MonitorError
from .estimate import Estimate
from .log_mel import LogMel
from .reading import BLOCK_MS, Heard, Reading
from .settings import REFRACTORY, THRESHOLD, Value, checked, put


class NamedMicrophone(Microphone, Protocol):
    """A microphone of sound.py."""

    name: str

    def deinit(self) -> None:
        """Frees it."""


class HostSource:
    """A Source: a model file that hears a microphone.  chip: for which power is estimated; None: no power is shown."""

    work_unit, is_recording = "", False

    def __init__(self, path: Path, content: bytes, mic: NamedMicrophone, chip: str | None = None):
        """content: of the file at `path`.  Raises LnnError for a bad model, PowerError for an unknown chip."""
        self._path, self._mic, self._net = path, mic, LNN(content)
        self._log_mel = LogMel(content)
        self.name, self.model_name = mic.name, path.name
        self.labels, self.sample_rate = self._net.labels, self._net.sample_rate
        self._estimate = Estimate(chip, read(content), self._net.tick_samples) if chip else None
        self.estimates_power = chip is not None
        self._block = np.zeros(self.sample_rate * BLOCK_MS // 1000, np.int16)
        self._heard, self._open = 0, False

    def read(self) -> Reading | None:
        """Raises MonitorError if the microphone fails."""
        n = self._mic.readinto(self._block)
        if not n:
            return None
        audio, lost = self._block[:n].copy(), self._mic.lost
        self._net.skip(lost)
        result, self._heard = self._net.process(audio), self._heard + lost + n
        spent = self._net.counters(clear=True)
        power = None
        if self._estimate:
            power = self._estimate((n + lost) / self.sample_rate, spent["ticks"], spent["steps"])
        self._open = spent["gated_ticks"] < spent["ticks"] if spent["ticks"] else self._open
        found = self._net.events()
        return Reading(
            time_s=self._heard / self.sample_rate,
            level=result.energy,
            complexity=result.complexity,
            gate_open=self._open,
            timestep_s=result.timestep,
            label=result.keyword,
            confidence=result.confidence,
            scores=result.scores,
            steps=spent["steps"],
            events=tuple(Heard(event.label, event.confidence, event.time_s) for event in found),
            power_mw=power,
            lost=lost,
            log_mel=self._log_mel(audio, lost),
            audio=audio,
        )

    def settings(self) -> dict[str, Value]:
        """From the running network."""
        found: dict[str, Value] = dict(self._net.policy)
        for i, label in enumerate(self.labels):
            found[f"{THRESHOLD}.{label}"] = self._net.thresholds[i]
            found[f"{REFRACTORY}.{label}"] = self._net.refractory[i]
        return found

    def change(self, name: str, value: Value) -> None:
        """In the running network; the file stays as it is until save()."""
        value, (kind, _, label) = checked(name, value, self.labels), name.partition(".")
        try:
            if kind == THRESHOLD:
                self._net.thresholds[label] = float(value)
            elif kind == REFRACTORY:
                self._net.refractory[label] = float(value)
            else:
                self._net.set_adaptive_config(**{name: value})
        except LnnError as error:
            raise MonitorError(str(error)) from None

    def save(self) -> str:
        """Into the model's file, as a whole or not at all."""
        save_settings(self._path, self.settings())
        return str(self._path)

    def close(self) -> None:
        """Frees the microphone."""
        self._mic.deinit()
        self._net.deinit()


def save_settings(path: Path, settings: dict[str, Value]) -> None:
    """Writes settings into a model file.  Raises OSError, LnnError; the old file then stays."""
    model = load(path)
    put(model, settings)
    save(model, path)
