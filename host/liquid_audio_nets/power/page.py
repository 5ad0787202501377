# SPDX-License-Identifier: MIT
"""The report of liquid-profile: one HTML file that needs nothing else."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import numpy as np

from ..html_page import document, svg, table
from ..lnn.arrays import Array
from .profile import Profile
from .work import STAGES

ASSUMED = " .assumed { color: #a40 }"
MOST_POINTS = 4000  # of a curve


def page(profiles: dict[str, Profile]) -> str:
    """The whole page.  profiles: of each model by its name; the first one is drawn.

    Raises ModuleNotFoundError if matplotlib is missing."""
    name, first = next(iter(profiles.items()))
    title = f"Power of {' and '.join(map(html.escape, profiles))} on {html.escape(first.device.name)}"
    parts = [
        f"<h1>{title}</h1>",
        f"<p><b>Everything here is estimated.</b> Sound: {html.escape(first.work.sound)}, {first.work.seconds:.1f} s. "
        f"Clock {first.draw.clock_hz / 1e6:g} MHz, supply {first.device.chip.supply_v.value:g} V, microphone "
        f"{html.escape(first.device.microphone.name)}.</p>",
        table(("", *profiles), headline(profiles)),
        "<h2>Where the power goes, mW</h2>",
        table(("", *profiles), split(profiles)),
        f"<h2>Time line of {html.escape(name)}</h2>",
        timeline(first),
        "<h2>Batteries</h2>",
        *(table((model, "lasts", ""), batteries(found)) for model, found in profiles.items()),
        "<h2>What the estimate rests on</h2>",
        _constants(first),
    ]
    return document(title, parts, ASSUMED)


def headline(profiles: dict[str, Profile]) -> list[tuple[str, ...]]:
    """The main figures of each model: (what, figure per model)."""
    rows: dict[str, Callable[[Profile], str]] = {
        "average, estimated": lambda p: f"{p.average_mw:.3f} mW",
        "peak, estimated": lambda p: f"{p.peak_mw:.2f} mW",
        "idle, estimated": lambda p: f"{p.idle_mw:.3f} mW",
        "processor busy": lambda p: f"{100 * p.duty:.2f} %",
        "gate open": lambda p: f"{100 * p.work.open.mean():.1f} %",
        "latency, median and p99": _latency,
        "detections": lambda p: str(p.work.detections),
    }
    return [(what, *(show(p) for p in profiles.values())) for what, show in rows.items()]


def _latency(found: Profile) -> str:
    if found.latency_p50_s is None or found.latency_p99_s is None:
        return "the gate stayed closed"
    return f"{1e3 * found.latency_p50_s:.1f} ms, {1e3 * found.latency_p99_s:.1f} ms"


def split(profiles: dict[str, Profile]) -> list[tuple[str, ...]]:
    """Power and share of each part of each model: (part, figure per model)."""
    parts = dict.fromkeys(part for found in profiles.values() for part in found.split_mw)
    return [(part, *(_share(found, part) for found in profiles.values())) for part in parts]


def _share(found: Profile, part: str) -> str:
    power = found.split_mw.get(part)
    return "" if power is None else f"{power:.4f} ({100 * power / found.average_mw:.1f} %)"


def lasts(hours: float) -> str:
    """Hours as people say them."""
    for unit, length in (("years", 8766.0), ("days", 24.0)):
        if hours >= 2 * length:
            return f"{hours / length:.1f} {unit}"
    return f"{hours:.1f} hours"


def batteries(found: Profile) -> list[tuple[str, ...]]:
    """(battery, how long or how much of the time, limit)."""
    return [
        (life.name, f"{100 * life.share:.1f} % of the time" if life.hours is None else lasts(life.hours), life.limit)
        for life in found.lives
    ]


def _constants(found: Profile) -> str:
    rows = [
        f"<tr{' class=assumed' if number.assumed else ''}><td>{name}</td><td>{number.value:.4g}</td>"
        f"<td>{'assumed: ' if number.assumed else ''}{html.escape(number.source)}</td></tr>"
        for name, number in found.device.constants().items()
    ]
    return f"<table><tr><th>constant</th><th>value</th><th>source</th></tr>{''.join(rows)}</table>"


def timeline(found: Profile) -> str:
    """Level, gate, timestep, stages and power over time, as SVG."""
    from matplotlib.figure import Figure

    work, every = found.work, -(-len(found.work.level) // MOST_POINTS)
    time_s = np.arange(0, len(work.level), every) * work.tick_s

    def thin(values: Array) -> Array:
        """Means of `every` ticks."""
        padded = np.pad(values.astype(float), (0, len(time_s) * every - len(values)), mode="edge")
        means: Array = padded.reshape(-1, every).mean(1)
        return means

    figure = Figure((9, 9), layout="constrained")
    axes: Any = figure.subplots(4, 1, sharex=True)
    axes[0].plot(time_s, 20 * np.log10(np.maximum(thin(work.level), 1e-6)), linewidth=0.8)
    axes[0].fill_between(time_s, -120, 0, where=thin(work.open) > 0.5, color="0.9", label="gate open")
    axes[0].set(ylabel="level in dB", ylim=(-110, 0))
    axes[0].legend(frameon=False, loc="upper right")
    axes[1].step(time_s, 1e3 * thin(np.where(work.open, work.timestep_s, np.nan)), where="post")
    axes[1].set(ylabel="timestep in ms", ylim=(0, None))
    busy_ms = [1e3 * found.draw.seconds(1) * thin(stage) for stage in work.instructions.T]
    axes[2].stackplot(time_s, busy_ms, labels=STAGES)
    axes[2].set(ylabel="busy in ms per tick")
    axes[2].legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(STAGES))
    axes[3].plot(time_s, thin(found.power_mw), linewidth=0.8, label="estimated")
    axes[3].axhline(found.average_mw, color="0.5", linestyle="--", label="average")
    axes[3].set(ylabel="power in mW", xlabel="time in s", ylim=(0, 1.1 * found.power_mw.max()))
    axes[3].legend(frameon=False, loc="lower right")
    return svg(figure)
