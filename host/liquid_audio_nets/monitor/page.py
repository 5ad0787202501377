# SPDX-License-Identifier: MIT
"""The page of the monitor, made with NiceGUI: the time line of page.js, and a control for every setting."""

from __future__ import annotations

import asyncio
import json
import math
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

from nicegui import ui

from ..errors import LiquidError
from . import server
from .controls import Controls
from .reading import BLOCK_MS, Reading
from .session import Session

SPAN_S = 20.0
EVERY_S = 0.1
EVENTS = 14
QUIETEST_DB = -100.0
STYLE = """
.nicegui-content { padding: 0; gap: 0 }
.tile { min-width: 7rem; padding: .35rem .9rem; border-radius: .5rem; background: rgba(128,128,128,.10) }
.tile-name { font-size: .72rem; opacity: .65; line-height: 1.1 }
.tile-value { font-size: 1.15rem; font-weight: 600; line-height: 1.35; font-variant-numeric: tabular-nums; white-space: nowrap }
.settings .nicegui-expansion-content, .settings .q-expansion-item__content { gap: .3rem; padding: .1rem .4rem .5rem 1rem }
.settings .q-field--dense .q-field__control, .settings .q-field--dense .q-field__native { height: 30px; min-height: 30px }
.settings .q-field--dense .q-field__append { height: 30px }
.settings .q-field__suffix { padding: 0; line-height: 30px }
"""


def serve(session: Session, port: int, tell: Callable[[str], None]) -> None:
    """Shows the session until Ctrl-C, which it raises as KeyboardInterrupt.  Raises OSError if the port is taken."""
    from fastapi import FastAPI  # after nicegui, so that nicegui is what is missing

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    script = resources.files(__package__).joinpath("page.js").read_text(encoding="utf-8")

    def root() -> None:
        ui.add_head_html(f"<style>{STYLE}</style><script>{script}</script>")
        Page(session).build()

    ui.run_with(
        app, root=root, title=f"{session.source.model_name} - liquid-monitor", dark=None, show_welcome_message=False
    )
    session.start()
    server.serve(app, port, tell)


class Page:
    """What one browser shows."""

    def __init__(self, session: Session):
        self._session, self._seen, self._near_seen = session, 0, 0
        self._controls = Controls(session)
        self._tiles: dict[str, ui.label] = {}
        self._heard: list[tuple[float, str, float, str]] = []
        self._last_s = 0.0
        self._work: deque[tuple[int, float]] = deque(maxlen=1000 // BLOCK_MS)  # of the last second

    def build(self) -> None:
        """Header, tiles, time line, events, controls."""
        source = self._session.source
        with ui.header().classes("items-center gap-4 py-2 bg-teal-8"):
            ui.label(source.model_name).classes("text-lg font-semibold")
            ui.label(source.name).classes("opacity-80")
            ui.space()
            if not source.is_recording:
                self._record = ui.button("Record", icon="fiber_manual_record", on_click=self._toggle_record)
                self._record.props("flat color=white no-caps").mark("record")
                save = ui.button(f"Save into {source.model_name}", icon="save", on_click=self._save)
                save.props("flat color=white no-caps").mark("save")
                self._show_record()
        with ui.row().classes("w-full no-wrap gap-0 items-stretch"):
            with ui.column().classes("grow min-w-0 p-4 gap-3"):
                self._banner = ui.label().classes("w-full rounded p-2 bg-amber-2 text-black").mark("banner")
                self._banner.set_visibility(False)
                with ui.row().classes("gap-2"):
                    for name in self._tile_names():
                        with ui.column().classes("tile gap-0"):
                            ui.label(name).classes("tile-name")
                            self._tiles[name] = ui.label("-").classes("tile-value").mark(name)
                ui.html('<canvas id="timeline" style="display: block"></canvas>', sanitize=False).classes("w-full")
                ui.label("Detections and near-misses").classes("font-semibold")
                self._events = ui.column().classes("w-full gap-0").mark("events")
            with (
                ui.column()
                .classes("shrink-0 gap-1 p-4 border-l border-gray-300 dark:border-gray-700")
                .style("width: 25rem")
            ):
                self._controls.build()
        setup = {
            "labels": source.labels,
            "silent": [
                i
                for i, label in enumerate(source.labels)
                if not float(self._session.settings[f"thresholds.{label}"]) > 0
            ],
            "span_s": SPAN_S,
            "work": source.work_unit,
            "power": self._session.source.estimates_power,
        }
        ui.run_javascript(f"monitor.init({json.dumps(setup)})")
        ui.timer(EVERY_S, self._update)

    def _tile_names(self) -> list[str]:
        names = ["Time", "Level", "Gate", "Timestep", "Complexity", "Heard"]
        if self._session.source.work_unit:
            names.append("Work")
        return [*names, "Power, estimated"] if self._session.source.estimates_power else names

    def _update(self) -> None:
        """Sends what is new to the browser."""
        session = self._session
        fresh = session.after(self._seen)
        marks = [{"t": event.time_s, "label": event.label} for _, reading in fresh for event in reading.events]
        near, self._near_seen = session.near[self._near_seen :], len(session.near)
        marks += [{"t": found.time_s, "label": found.label, "near": True} for found in near]
        rows = [(event.time_s, event.label, event.confidence, "") for _, r in fresh for event in r.events]
        rows += [(n.time_s, n.label, n.score, f"near-miss{', kept' if n.path else ''}") for n in near]
        if rows:
            self._heard = (self._heard + sorted(rows))[-EVENTS:]
            self._show_events()
        if fresh:
            self._seen = fresh[-1][0]
            given = {
                "readings": [self._point(reading) for _, reading in fresh],
                "marks": marks,
                "settings": session.settings,
            }
            ui.run_javascript(f"monitor.push({json.dumps(given)})")
            self._show_tiles(fresh[-1][1])
        self._controls.show()
        if session.ended:
            self._banner.set_text(str(session.error) if session.error else "The recording has ended.")
            self._banner.set_visibility(True)

    def _point(self, reading: Reading) -> dict[str, Any]:
        """What page.js draws of a reading."""
        length = max(reading.time_s - self._last_s, 1e-3) if self._last_s else BLOCK_MS / 1000
        self._last_s = reading.time_s
        self._work.append((reading.work or 0, length))
        return {
            "t": round(reading.time_s, 3),
            "length": round(length, 3),
            "db": round(decibels(reading.level), 1),
            "gate": reading.gate_open,
            "step": round(1000 * reading.timestep_s, 1),
            "scores": [round(score, 3) for score in reading.scores],
            "work": None if reading.work is None else round(self._mean_work(), 3),
            "power": reading.power_mw,
            "mel": None if reading.log_mel is None else reading.log_mel.tobytes().hex(),
        }

    def _mean_work(self) -> float:
        """Millions per second of audio."""
        return sum(work for work, _ in self._work) / sum(length for _, length in self._work) / 1e6

    def _show_tiles(self, reading: Reading) -> None:
        values = {
            "Time": f"{reading.time_s:.1f} s",
            "Level": f"{decibels(reading.level):.0f} dB",
            "Gate": "open" if reading.gate_open else "closed",
            "Timestep": f"{1000 * reading.timestep_s:.0f} ms",
            "Complexity": f"{reading.complexity:.3g}",
            "Heard": f"{reading.label} {reading.confidence:.2f}" if reading.scores else "-",
        }
        if reading.work is not None:
            values["Work"] = f"{self._mean_work():.2f} M {self._session.source.work_unit}/s"
        if reading.power_mw is not None:
            values["Power, estimated"] = f"{reading.power_mw:.3g} mW"
        for name, value in values.items():
            if name in self._tiles:
                self._tiles[name].set_text(value)

    def _show_events(self) -> None:
        self._events.clear()
        with self._events:
            for time_s, label, score, remark in reversed(self._heard):
                with ui.row().classes("w-full gap-4 py-0.5 border-b border-gray-200 dark:border-gray-800"):
                    ui.label(f"{time_s:.2f} s").classes("w-20 text-right tabular-nums opacity-70")
                    ui.label(label).classes("w-40" + ("" if remark else " font-semibold"))
                    ui.label(f"{score:.3f}").classes("w-16 tabular-nums")
                    ui.label(remark).classes("text-amber-8")

    async def _toggle_record(self) -> None:
        """Begins a recording in the current folder, or ends the one that runs."""
        begin = self._session.recorder is None
        path = Path(f"monitor-{datetime.now():%Y%m%d-%H%M%S}.jsonl") if begin else None
        try:
            ended = await asyncio.wrap_future(self._session.record(path))
            ui.notify(f"recorded in {ended}" if ended else f"recording to {path}", type="positive")
        except (LiquidError, OSError) as error:
            ui.notify(str(error), type="negative")
        self._show_record()

    def _show_record(self) -> None:
        runs = self._session.recorder is not None
        self._record.set_text("Stop recording" if runs else "Record")
        self._record.set_icon("stop" if runs else "fiber_manual_record")

    async def _save(self) -> None:
        saving: Future[Any] = self._session.save()
        try:
            ui.notify(f"saved into {await asyncio.wrap_future(saving)}", type="positive")
        except (LiquidError, OSError) as error:
            ui.notify(str(error), type="negative")


def decibels(level: float) -> float:
    """Of full scale."""
    return max(QUIETEST_DB, 20 * math.log10(level)) if level > 0 else QUIETEST_DB
