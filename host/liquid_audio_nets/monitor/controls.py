# SPDX-License-Identifier: MIT
"""The controls of the page: a slider and a number for each setting, by group."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any

from nicegui import events, ui

from ..errors import LiquidError
from .session import Session
from .settings import Control, Value, controls

POSITIONS = 500  # of a slider
TOUCHED_S = 1.0  # for so long a slider follows the hand, and not what the network says
OPEN = ("Thresholds", "Gate", "Timestep")


class Controls:
    """Every setting of a session.  What another page or the recording changes is shown here, too."""

    def __init__(self, session: Session):
        self._session = session
        self._controls = {control.name: control for control in controls(session.source.labels, session.settings)}
        self._sliders: dict[str, ui.slider] = {}
        self._fields: dict[str, Any] = {}  # ui.number or ui.select
        self._touched_s: dict[str, float] = {}
        self._shown: dict[str, Value] | None = None

    def build(self) -> None:
        """Where the caller's layout has room for them."""
        fixed = self._session.source.is_recording
        ui.label("Settings").classes("text-lg font-semibold")
        ui.label(
            "As recorded; they cannot be changed." if fixed else "They act at once; Save writes them into the file."
        ).classes("text-sm opacity-70")
        for group in dict.fromkeys(control.group for control in self._controls.values()):
            with ui.expansion(group, value=group in OPEN).classes("w-full settings") as expansion:
                expansion.props("dense header-class=font-semibold")
                for control in self._controls.values():
                    if control.group == group:
                        self._row(control, fixed)
        self.show()

    def _row(self, control: Control, fixed: bool) -> None:
        with ui.row().classes("w-full items-center no-wrap gap-3"):
            ui.label(control.title).classes("w-28 shrink-0 text-sm leading-tight").tooltip(control.about)
            if control.choices:
                select = ui.select(list(control.choices)).classes("grow").props("dense outlined options-dense")
                select.on_value_change(lambda event: self._chosen(control, event)).mark(control.name)
                self._fields[control.name] = select
            else:
                slider = ui.slider(min=0, max=POSITIONS, value=0).classes("grow")
                slider.props(f'aria-label="{control.name}" data-setting="{control.name}"').mark(control.name)
                slider.on("update:model-value", lambda event: self._moved(control, event), throttle=0.1)
                number = ui.number(suffix=control.unit or None).classes("w-24 shrink-0").props("dense outlined")
                number.on("keydown.enter", lambda: self._typed(control)).on("blur", lambda: self._typed(control))
                self._sliders[control.name], self._fields[control.name] = slider, number
                if fixed:
                    slider.disable()
            if fixed:
                self._fields[control.name].disable()

    async def _moved(self, control: Control, event: events.GenericEventArguments) -> None:
        self._touched_s[control.name] = time.monotonic()
        await self._change(control.name, value_at(control, float(event.args)))

    async def _typed(self, control: Control) -> None:
        value = self._fields[control.name].value
        if value is not None and value != rounded(self._session.settings[control.name]):
            await self._change(control.name, float(value))

    async def _chosen(self, control: Control, event: events.ValueChangeEventArguments[Any]) -> None:
        if event.value != self._session.settings[control.name]:
            await self._change(control.name, event.value)

    async def _change(self, name: str, value: Value) -> None:
        try:
            await asyncio.wrap_future(self._session.change(name, value))
        except LiquidError as error:
            self._touched_s.pop(name, None)  # it goes back to what the network has
            self._shown = None
            ui.notify(str(error), type="negative", multi_line=True)
        self.show()

    def show(self) -> None:
        """Shows the settings of the network, if they have changed."""
        settings, now = self._session.settings, time.monotonic()
        held = any(now - touched < TOUCHED_S for touched in self._touched_s.values())
        if settings == self._shown and not self._touched_s:
            return
        self._shown = dict(settings)
        for name, field in self._fields.items():
            value = settings[name]
            field.set_value(value if isinstance(value, str) else rounded(value))
            if name in self._sliders and now - self._touched_s.get(name, -TOUCHED_S) >= TOUCHED_S:
                self._sliders[name].set_value(position(self._controls[name], float(value)))
        if not held:
            self._touched_s.clear()


def rounded(value: Any) -> float:
    """As people read it: four digits, like 0.9471 and 0.00012."""
    return float(f"{float(value):.4g}")


def value_at(control: Control, place: float) -> float:
    """The value at a position of the slider, 0 to POSITIONS."""
    share = place / POSITIONS
    if control.logarithmic:
        return rounded(control.low * (control.high / control.low) ** share)
    return rounded(control.low + (control.high - control.low) * share)


def position(control: Control, value: float) -> float:
    """The position of the slider for a value; its end for one beyond."""
    if control.logarithmic:
        share = math.log(max(value, control.low) / control.low) / math.log(control.high / control.low)
    else:
        share = (value - control.low) / (control.high - control.low)
    return round(POSITIONS * min(max(share, 0.0), 1.0))
