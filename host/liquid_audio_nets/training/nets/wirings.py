# SPDX-License-Identifier: MIT
"""Wirings of `ltc_synaptic`: which neuron feeds which, and with what sign.

Neural circuit policies, Lechner et al., Nature Machine Intelligence 2 (2020), 642-652: inputs feed inter neurons, these
command neurons, which feed each other and the motor neurons.  Equal seeds give the policies of the `ncps` package.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..settings.errors import WiringError

SEED = 22222


@dataclass
class Wiring:
    """Polarity of each synapse, -1, 0 = none or +1: recurrent (N, N) and sensory (M, N), source first.

    The first `outputs` neurons are the motor neurons, which are the outputs of the cell."""

    recurrent: np.ndarray
    sensory: np.ndarray
    outputs: int


def full(inputs: int, units: int, outputs: int | None = None, seed: int = SEED) -> Wiring:
    """Every possible synapse; two of three are excitatory."""
    rng = np.random.default_rng(seed)
    return Wiring(rng.choice([-1, 1, 1], (units, units)), rng.choice([-1, 1, 1], (inputs, units)), outputs or units)


def ncp(
    inputs: int,
    units: int,
    inter: int,
    command: int,
    motor: int,
    sensory_fanout: int,
    inter_fanout: int,
    recurrent: int,
    motor_fanin: int,
    seed: int = SEED,
) -> Wiring:
    """A neural circuit policy; recurrent: number of synapses drawn among the command neurons."""
    if inter + command + motor != units:
        raise WiringError(f"{inter + command + motor} inter, command and motor neurons, but the cell has {units} units")
    for name, value, most in (
        ("sensory_fanout", sensory_fanout, inter),
        ("inter_fanout", inter_fanout, command),
        ("motor_fanin", motor_fanin, command),
    ):
        if not 0 < value <= most:
            raise WiringError(f"{name} is {value}; it must be 1 to {most}, the neurons there are")
    rng = np.random.RandomState(
        seed
    )  # NumPy keeps this generator as it is, so equal seeds give equal wirings in every version
    out = Wiring(np.zeros((units, units), int), np.zeros((inputs, units), int), motor)
    motors, commands = np.arange(motor), motor + np.arange(command)
    inters = motor + command + np.arange(inter)
    _connect(rng, out.sensory, np.arange(inputs), inters, sensory_fanout)
    _connect(rng, out.recurrent, inters, commands, inter_fanout)
    for _ in range(recurrent):
        source, target = rng.choice(commands), rng.choice(commands)
        out.recurrent[source, target] = rng.choice([-1, 1])
    _connect(rng, out.recurrent.T, motors, commands, motor_fanin)  # transposed: each motor neuron draws its sources
    return out


def auto_ncp(inputs: int, units: int, outputs: int | None = None, sparsity: float = 0.5, seed: int = SEED) -> Wiring:
    """A neural circuit policy from its size alone; outputs: motor neurons, by default 3 of 10 units."""
    outputs = max(round(0.3 * units), 1) if outputs is None else outputs
    if not 0 < outputs < units - 2:
        raise WiringError(f"{outputs} motor neurons of {units} units: there must be 1 to {units - 3}")
    if not 0.1 <= sparsity < 1:
        raise WiringError(f"sparsity is {sparsity}; it must be 0.1 to 0.9")
    command = max(int(0.4 * (units - outputs)), 1)
    inter, density = units - outputs - command, 1.0 - sparsity

    def share(of: int) -> int:
        return max(int(of * density), 1)

    return ncp(
        inputs,
        units,
        inter,
        command,
        outputs,
        share(inter),
        share(command),
        max(int(command * density * 2), 1),
        share(command),
        seed,
    )


def _connect(
    rng: np.random.RandomState, synapses: np.ndarray, sources: np.ndarray, targets: np.ndarray, fanout: int
) -> None:
    """Each source draws `fanout` targets; a target that none drew then draws as many sources as is usual."""
    forgotten = list(targets)
    for source in sources:
        for target in rng.choice(targets, fanout, replace=False):
            if target in forgotten:
                forgotten.remove(target)
            synapses[source, target] = rng.choice([-1, 1])
    fanin = int(np.clip(len(sources) * fanout // len(targets), 1, len(sources)))
    for target in forgotten:
        for source in rng.choice(sources, fanin, replace=False):
            synapses[source, target] = rng.choice([-1, 1])


WIRINGS: dict[str, Callable[..., Wiring]] = {"full": full, "ncp": ncp, "auto_ncp": auto_ncp}


def make_wiring(settings: str | dict[str, Any], inputs: int, units: int) -> Wiring:
    """A wiring from its name, or from a table with `kind` and the settings of that kind.

    Raises WiringError for unknown names and settings that do not fit."""
    values = {"kind": settings} if isinstance(settings, str) else dict(settings)
    kind = values.pop("kind", None)
    if kind not in WIRINGS:
        raise WiringError(f"unknown wiring '{kind}'; known: {', '.join(WIRINGS)}")
    try:
        return WIRINGS[kind](inputs, units, **values)
    except TypeError as error:
        raise WiringError(f"wiring '{kind}': {str(error).split('() ')[-1]}") from error
