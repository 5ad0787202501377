# SPDX-License-Identifier: MIT
"""A session on disk: a `.jsonl` with a line for each reading and each change, and a `.wav` with the sound beside it.

The first line describes the session: {"liquid_monitor": 1, "model", "source", "labels", "sample_rate", "work_unit", "wav",
"began", "settings"}.  A reading has the fields of Reading, with log_mel in hexadecimal and the number of samples that it
adds to the wav.  A change is {"time_s", "set", "value"}, a near-miss {"time_s", "near_miss", "score"}.
"""

from __future__ import annotations

import json
import time
import wave
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from .errors import MonitorError
from .near_misses import NearMiss
from .reading import Heard, Reading, Source
from .settings import Value

FORMAT = 1


class Recorder:
    """Writes a session.  Every line is on disk at once, and the wav is whole after every block."""

    def __init__(self, path: Path, source: Source, settings: Mapping[str, Value]):
        """Raises MonitorError if the name does not end with .jsonl or if one of the files exists, OSError if it cannot write."""
        if path.suffix != ".jsonl":
            raise MonitorError(f"{path}: the name of a recording ends with .jsonl")
        self.path, wav = path, path.with_suffix(".wav")
        for each in (path, wav):
            if each.exists():
                raise MonitorError(f"{each} exists; choose another name for the recording")
        self._lines = path.open("w", encoding="utf-8", buffering=1)
        self._wav = wave.open(str(wav), "wb")  # unlike soundfile it corrects the header after every write
        self._wav.setparams((1, 2, source.sample_rate, 0, "NONE", ""))
        self._write(
            {
                "liquid_monitor": FORMAT,
                "model": source.model_name,
                "source": source.name,
                "labels": source.labels,
                "sample_rate": source.sample_rate,
                "work_unit": source.work_unit,
                "wav": wav.name,
                "began": datetime.now(UTC).isoformat(timespec="seconds"),
                "settings": dict(settings),
            }
        )

    def reading(self, reading: Reading) -> None:
        """Adds a reading and its sound."""
        self._write(reading.as_json())
        if reading.audio is not None:
            self._wav.writeframes(reading.audio.astype("<i2").tobytes())

    def change(self, time_s: float, name: str, value: Value) -> None:
        """Adds a setting that was changed."""
        self._write({"time_s": time_s, "set": name, "value": value})

    def near_miss(self, found: NearMiss) -> None:
        """Adds a near-miss."""
        self._write({"time_s": found.time_s, "near_miss": found.label, "score": found.score})

    def _write(self, line: dict[str, Any]) -> None:
        self._lines.write(json.dumps(line, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Closes both files."""
        self._lines.close()
        self._wav.close()


class Replay:
    """A Source: a recorded session, as it was.  paced: at its own speed; otherwise as fast as it is read."""

    is_recording = True

    def __init__(self, path: Path, paced: bool = True):
        """Raises MonitorError if it is no recording, OSError if it cannot be read."""
        self._path, self._paced = path, paced
        try:
            with path.open(encoding="utf-8") as file:
                self._lines = [json.loads(line) for line in file if line.endswith("\n")]  # the last one may be torn
            head = self._lines.pop(0)
            if head["liquid_monitor"] != FORMAT:
                raise MonitorError(f"{path} was recorded by another version: install a newer liquid-audio-nets")
            self.model_name, self.labels = str(head["model"]), tuple(head["labels"])
            self.sample_rate, self.work_unit = int(head["sample_rate"]), str(head["work_unit"])
            self._settings, self.name = dict(head["settings"]), f"recording {path.name}"
            self.estimates_power = any(line.get("power_mw") is not None for line in self._lines)
            self._sound = self._read_wav(path.with_name(head["wav"]))
        except (ValueError, LookupError, TypeError):
            raise MonitorError(f"{path} is no recording of liquid-monitor") from None
        self._at, self._start_s, self._began_s = 0, time.monotonic(), -1.0

    def _read_wav(self, path: Path) -> np.ndarray:
        try:
            with wave.open(str(path), "rb") as file:
                return np.frombuffer(file.readframes(file.getnframes()), "<i2")
        except (FileNotFoundError, wave.Error, EOFError):
            return np.zeros(0, np.int16)

    def read(self) -> Reading | None:
        """Raises MonitorError if a line is damaged."""
        while self._lines:
            line = self._lines.pop(0)
            if "set" in line:
                self._settings[line["set"]] = line["value"]
            elif "level" in line:
                return self._reading(line)
        return None

    def _reading(self, line: dict[str, Any]) -> Reading:
        samples, log_mel = line.pop("samples", 0), line.pop("log_mel", None)
        audio, self._at = self._sound[self._at : self._at + samples], self._at + samples
        line["events"] = tuple(Heard(**event) for event in line["events"])
        line["scores"] = tuple(line["scores"])
        try:
            reading = Reading(
                **line,
                log_mel=None if log_mel is None else np.frombuffer(bytes.fromhex(log_mel), np.uint8),
                audio=audio if len(audio) else None,
            )
        except (TypeError, ValueError):
            raise MonitorError(f"{self._path}: a line is damaged; delete it") from None
        self._began_s = reading.time_s if self._began_s < 0 else self._began_s
        if self._paced:
            time.sleep(max(0.0, self._start_s + reading.time_s - self._began_s - time.monotonic()))
        return reading

    def settings(self) -> dict[str, Value]:
        """Those of the moment that is shown."""
        return dict(self._settings)

    def change(self, name: str, value: Value) -> None:
        """Raises MonitorError: what was recorded does not change."""
        raise MonitorError(
            f"a recording shows what was; to try other settings on its sound: liquid-monitor --wav "
            f"{self._path.with_suffix('.wav')} --model {self.model_name}"
        )

    def save(self) -> str:
        """Raises MonitorError: a recording has no model."""
        raise MonitorError("a recording has no model to save into")

    def close(self) -> None:
        """Nothing to free."""
