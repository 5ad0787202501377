# SPDX-License-Identifier: MIT
"""What may happen between two pieces of a recording."""

from __future__ import annotations

import contextlib
import typing

from figures import Broken
from liquid_audio_nets.link import RemoteError

if typing.TYPE_CHECKING:
    from life import Soak


def nothing(soak: Soak) -> None:
    soak.machine.exec("gc.collect()")


def threshold(soak: Soak) -> None:
    label = soak.random.randrange(len(soak.twin.net.labels))
    soak.both(f"net.thresholds[{label}] = {soak.random.randrange(20, 62)} / 64")


def refractory(soak: Soak) -> None:
    label = soak.random.randrange(len(soak.twin.net.labels))
    soak.both(f"net.refractory[{label}] = {soak.random.randrange(0, 24)} / 8")


def policy(soak: Soak) -> None:
    low_ms, pick = soak.random.choice((16, 32, 32, 32, 64)), soak.random.randrange
    soak.both(
        f"net.set_adaptive_config(min_timestep={low_ms} / 1000, max_timestep={low_ms * pick(1, 8)} / 1000, hold={pick(1, 5)} / 16,"
        f" energy_threshold={pick(4, 40)} / 1024, release_growth={pick(8, 20)} / 8, floor_ratio={2 * pick(0, 2)},"
        f" complexity={soak.random.choice(('energy', 'spectral_flux', 'zero_crossings'))!r})"
    )


def impossible(soak: Soak) -> None:
    soak.both(
        soak.random.choice(
            (
                "net.min_timestep = 2",
                "net.max_timestep = 0",
                "net.energy_threshold = 1.5",
                "net.thresholds[0] = -1",
                "net.refractory[0] = 5000",
                "net.thresholds['none'] = 0.5",
                "net.complexity = 'none'",
                "net.set_adaptive_config(hold=11)",
            )
        )
    )


def reset(soak: Soak) -> None:
    soak.both("net.reset()")
    soak.preset()


def late(soak: Soak) -> None:
    """The reader looks away, for longer or shorter than the microphone's buffers last."""
    soak.machine.exec(f"time.sleep_ms({soak.random.randrange(100, 20_000)})")
    soak.figures.did["late readers"] += 1


def closed(soak: Soak) -> None:
    """The microphone is closed while it captures, and opened again."""
    soak.machine.exec("mic.deinit()")
    with contextlib.suppress(RemoteError):
        soak.machine.exec("hear(320)")
        raise Broken("a closed microphone hears")
    soak.open(soak.random.randrange(len(soak.scenes)), 1600)
    soak.figures.did["microphone faults"] += 1


def liar(soak: Soak) -> None:
    """A driver that says it gave more than there is room for."""
    with contextlib.suppress(RemoteError):
        soak.machine.exec("next(net.listen(Liar()))")
        raise Broken("more samples than fit are taken")
    soak.figures.did["microphone faults"] += 1


ACTIONS = (nothing, threshold, refractory, policy, impossible, reset, late, closed, liar)
