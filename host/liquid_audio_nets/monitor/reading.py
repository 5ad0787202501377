# SPDX-License-Identifier: MIT
"""What the monitor sees of a running network, block by block, and what a source of such readings offers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Protocol

from ..lnn.arrays import Array
from .settings import Value

BLOCK_MS = 40


@dataclass(frozen=True)
class Heard:
    """A detection.  time_s: since the session began, lost audio included."""

    label: str
    confidence: float
    time_s: float


@dataclass(frozen=True)
class Reading:
    """The network after a block of BLOCK_MS of sound.

    time_s: at the end of the block, since the session began, lost audio included.  level: RMS of the last tick, full scale
    is 1.  complexity: what the policy saw.  gate_open: within the block.  timestep_s: chosen for the next step.  confidence:
    of `label`, the likeliest label or the one detected.  scores: posterior of every label; empty before the first step.
    steps: within the block.  work: instructions or cycles within the block, counted by the board; None on the host.
    power_mw: always an estimate; None if nobody knows the currents.  lost: samples lost before the block.
    log_mel: uint8 (n_mels,), the front-end's clipped range; None without audio.  audio: int16 (n,); None if the port is too
    slow for it."""

    time_s: float
    level: float
    complexity: float
    gate_open: bool
    timestep_s: float
    label: str
    confidence: float
    scores: tuple[float, ...]
    steps: int
    events: tuple[Heard, ...] = ()
    work: int | None = None
    power_mw: float | None = None
    lost: int = 0
    log_mel: Array | None = None
    audio: Array | None = None

    def as_json(self) -> dict[str, Any]:
        """Everything but the audio, as a recording keeps it."""
        fields = {name: value for name, value in vars(self).items() if name not in ("audio", "log_mel", "events")}
        fields["events"] = [asdict(event) for event in self.events]
        if self.audio is not None:
            fields["samples"] = len(self.audio)
        if self.log_mel is not None:
            fields["log_mel"] = self.log_mel.tobytes().hex()
        return fields


class Source(Protocol):
    """A running network: on this computer, on a board, or in a recording."""

    name: str
    """What is listened to, for people."""
    model_name: str
    labels: tuple[str, ...]
    sample_rate: int
    """Hz"""
    work_unit: str
    """"instructions" or "cycles" of Reading.work; empty if nothing counts them."""
    estimates_power: bool
    """Whether its readings have a power_mw."""
    is_recording: bool
    """Whether it shows what has been, so that nothing can be changed."""

    def read(self) -> Reading | None:
        """Waits for the next block; None at the end of a recording.  Raises LiquidError if the source fails."""

    def settings(self) -> dict[str, Value]:
        """Thresholds, refractory times and policy, as settings.py names them."""

    def change(self, name: str, value: Value) -> None:
        """Changes one of them in the running network.  Raises LiquidError if it is impossible; the old one then stays."""

    def save(self) -> str:
        """Writes the settings into the model's file, and says where.  Raises LiquidError, OSError."""

    def close(self) -> None:
        """Frees the board or the microphone."""
