# SPDX-License-Identifier: MIT
"""The host's copy of what the board does: the same model hears the same samples, loses the same and is set the same."""

from __future__ import annotations

from liquid_audio_nets.native import LNN
from scenes import Scene

COUNTED = ("samples", "ticks", "gated_ticks", "frontend_runs", "steps", "detections")
PRESET = {
    "steps_since_reset": 2000,
    "heard": 4_000_000,
    "samples": 4_000_000,
    "ticks": 8000,
    "gated_ticks": 8000,
    "frontend_runs": 1000,
    "steps": 1000,
    "detections": 10,
}
"""The counters in the order of counters.c -> how far before their end they are put at most."""


class Twin:
    """ahead: how much further the board's counters are than ours, because they were set near their ends."""

    def __init__(self, model: bytes):
        self.net, self.scene, self.at = LNN(model), None, 0
        self.ahead = dict.fromkeys(PRESET, 0)

    def open(self, scene: Scene) -> None:
        self.scene, self.at = scene, 0

    def preset(self, steps: int, heard: int, counted: dict[str, int]) -> None:
        """What the board's counters are now, right after a reset."""
        ours = self.net.counters()
        self.ahead = {name: counted[name] - ours[name] for name in COUNTED} | {
            "steps_since_reset": steps,
            "heard": heard,
        }

    def hear(self, samples: int, step: int, gaps: list[tuple[int, int]]) -> list[tuple]:
        """Hears or loses so many samples, and gives the events as the board tells them.

        gaps: (the board's counter of samples before the gap, samples lost)."""
        events: list[tuple] = []
        now = self.net.counters()["samples"]
        end, ahead = now + samples, self.ahead["samples"]
        starts = {at - ahead: lost for at, lost in gaps}
        while now < end:
            if lost := starts.pop(now, 0):
                self.net.skip(lost)
                self.at += lost
                now += lost
            n = min(step, end - now)
            self.net.process(self.scene.samples[self.at : self.at + n])
            self.at += n
            now += n
            events += [(e.label, e.confidence, e.timestep, e.sample + self.ahead["heard"]) for e in self.net.events()]
        assert not starts and now == end, "a gap within a block"
        return events

    def state(self) -> tuple:
        """What the board's line "end" says of the network."""
        result, counted = self.net.process(b""), self.net.counters()
        wrapped = {
            name: (counted[name] + self.ahead[name]) % (1 << (64 if name == "samples" else 32)) for name in COUNTED
        }
        steps = (result.steps + self.ahead["steps_since_reset"]) % (1 << 32)
        scores = [int(s * 32768) for s in result.scores]
        return steps, result.energy, result.timestep, scores, wrapped | {"lost_events": counted["lost_events"]}
