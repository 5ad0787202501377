# SPDX-License-Identifier: MIT
"""Extreme legal models on every core and optimisation level, against the host.  `make differential` runs many.

Integer models give the same bits.  A float model gives the same status; of one step, each number is within 1e-4 of full
scale (1 of a state) of the host's, with an allowance for what rounding can do to a sum whose terms cancel.
"""

from __future__ import annotations

import dataclasses
import shutil
import struct
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/bare"), str(ROOT / "tests/fuzz")]

import fuzzing  # noqa: E402  (the tests' own modules need the path)
import machines  # noqa: E402
from liquid_audio_nets.lnn import FloatCell, Grid, LiquidReadout, LnnError, Model, load, write  # noqa: E402
from liquid_audio_nets.lnn.layout import LEAST, LIMITS  # noqa: E402
from liquid_audio_nets.lnn.model import AnyReadout  # noqa: E402
from liquid_audio_nets.native import add_golden  # noqa: E402
from small_model import noise  # noqa: E402

CORES = ("qemu_m0", "qemu_m3", "qemu_m4f", "qemu_m7", "qemu_m33", "qemu_m55", "riscv32")
LEVELS = {"-Os": ["-Os"], "-O2": ["-O2"], "-O3": ["-O3"], "LTO": ["-O2", "-flto"]}
TOLERANCE, EPSILON = 1e-4, 2.0**-23
DT_S = 1 / 16  # of drive_one_step()
STEPS = 40  # of golden audio, at most
BATCH = 250


@dataclass
class Case:
    """A model, its file, and what the host program says of it."""

    model: Model
    data: bytes
    expected: np.ndarray

    @property
    def integer(self) -> bool:
        """Everything must be the same."""
        return self.model.cells[0].weight != "float32"


def with_golden(model: Model) -> Model:
    """With golden vectors of the core under CFFI, which must be met exactly, if its arithmetic is the same everywhere."""
    model = dataclasses.replace(model, golden=None, signature=None, signed_digest=None)
    if model.frontend.kind not in ("logmel_q15", "logmel_s16"):
        return model
    tick = model.policy.min_timestep_us * model.sample_rate_hz // 1_000_000
    try:
        return add_golden(model, noise(min(3200, STEPS * tick), level=0.5), tolerance=0.0)
    except LnnError:  # the gate stays closed
        return model


def make_models(folder: Path, seed: int, count: int) -> list[Model]:
    """Most are small; one in ten has up to 256 KB, one in fifty up to 1 MB."""
    large, huge = count // 10, count // 50
    sizes = (count - large - huge, 8192), (large, 1 << 18), (huge, 1 << 20)
    generator = folder / "generate"
    if not generator.exists():
        fuzzing.build_generator(folder)
    paths = [
        path
        for k, (n, size) in enumerate(sizes)
        for path in fuzzing.generate(generator, folder / f"models{k}", seed + k, n, size)
    ]
    return [with_golden(load(path)) for path in paths]


def results(path: Path) -> list[np.ndarray]:
    """The words of each model, uint32."""
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        (n,) = struct.unpack_from("<I", data, at)
        found.append(np.frombuffer(data, "<u4", n, at + 4))
        at += 4 + 4 * n
    return found


def prepare(folder: Path, seed: int, count: int) -> list[Case]:
    """Models and what the host says of them, under a sanitizer."""
    models = make_models(folder, seed, count)
    files = [write(model) for model in models]
    (folder / "models.bin").write_bytes(b"".join(struct.pack("<I", len(data)) + data for data in files))
    program = folder / "sanitized"
    if not program.exists():
        machines.link_for_host(program, machines.sources("differential.c"), machines.SANITIZED)
    machines.run_program([str(program)], 3600, folder)
    return [Case(*row) for row in zip(models, files, results(folder / "results.bin"), strict=True)]


def build(folder: Path, core: str, level: str) -> Path:
    """The image of a core at a level, or the program for the host, unless `folder` has it already."""
    target, parts = folder / f"{core}{level}.elf", machines.sources("differential.c")
    if target.exists():
        return target
    if core == "host":
        return machines.link_for_host(target, parts, LEVELS[level])
    return machines.link(machine(core), target, LEVELS[level], parts)


def machine(core: str) -> machines.Machine:
    """With enough memory for the largest models: the Cortex-M55's own is too small."""
    found = machines.MACHINES[core]
    return dataclasses.replace(found, ram=(0x60000000, 0x400000)) if core == "qemu_m55" else found


def run(folder: Path, cases: list[Case], core: str, level: str, timeout_s: float = 3600) -> list[str]:
    """Runs all models on a core.  Gives a sentence for each that differs from the host's."""
    image = build(folder, core, level)
    (folder / "results.bin").unlink(missing_ok=True)
    if core == "host":
        machines.run_program([str(image)], timeout_s, folder)
    else:
        machines.emulate(machine(core), image, timeout_s)
    found = results(folder / "results.bin")
    assert len(found) == len(cases), f"{core} {level} stopped at model {len(found)}"
    differences = [(k, difference(case, words)) for k, (case, words) in enumerate(zip(cases, found, strict=True))]
    return [f"{core} {level}, model {k}: {what}" for k, what in differences if what]


def difference(case: Case, words: np.ndarray) -> str:
    """What differs from the host; empty if nothing does."""
    names = ("status", "ram_bytes", "selftest", "steps", "frontend", "engine", "changes")
    if case.integer or case.expected[0] != 0:
        same = len(words) == len(case.expected) and (words == case.expected)
        return "" if np.all(same) else f"{[n for n, s in zip(names, np.atleast_1d(same), strict=False) if not s]}"
    if len(words) != len(case.expected) or (words[:3] != case.expected[:3]).any():
        return f"status {words[:3]} instead of {case.expected[:3]}"
    ours, theirs = (w[3:].view("<f4").astype(np.float64) for w in (case.expected, words))
    return float_difference(case.model, ours, theirs)


def float_difference(model: Model, ours: np.ndarray, theirs: np.ndarray) -> str:
    """Compares one step: what the first cell heard, what each cell became, then the logits."""
    at, (states, evidence), ends = 0, start(model), []
    for k, (cell, h) in enumerate(zip(model.cells, states, strict=True)):
        m, n = cell.n_inputs, cell.n_units
        u, u2, new, new2 = (x[at + i : at + j] for i, j in ((0, m), (m, m + n)) for x in (ours, theirs))
        du = np.abs(u2 - u)
        if k == 0 and not np.all(du <= TOLERANCE):
            return f"features and traces: {np.max(du):.2g} apart"
        gate, value = arguments(cell, u, h, du)
        gate = np.clip(gate, -cell.gate_clamp, cell.gate_clamp)
        far = beyond(new2 - new, step_error(gate, np.tanh(value), h, cell.tau_s))
        if far > 0:
            return f"cell {k}: {far:.2g} too far"
        at += m + n
        ends.append((new, np.abs(new2 - new)))
    heard, apart = map(np.concatenate, zip(*(ends if model.hears_all else ends[-1:]), strict=True))
    far = beyond(theirs[at:] - ours[at:], readout_error(model.readout, heard, apart, evidence))
    return f"logits: {far:.2g} too far" if far > 0 else ""


def beyond(difference: np.ndarray, allowed: np.ndarray) -> float:
    """By how much a difference exceeds the tolerance and what is allowed besides; at most 0 if it does not."""
    return float(np.max(np.nan_to_num(np.abs(difference) - TOLERANCE - allowed, nan=np.inf)))


def start(model: Model) -> tuple[list[np.ndarray], np.ndarray]:
    """The states and the evidence that drive_one_step() sets, by the same random numbers."""
    state = 19650218

    def draw(n: int) -> np.ndarray:
        nonlocal state
        numbers = np.zeros(n)
        for i in range(n):
            for shift in (13, -17, 5):
                state ^= (state << shift if shift > 0 else state >> -shift) & 0xFFFFFFFF
            numbers[i] = (state ^ 0x80000000) - 0x80000000 >> 16
        return numbers

    draw(model.frontend.n_mels)
    states = [draw(cell.n_units) / 32768 for cell in model.cells]
    draw(model.frontend.n_mels if model.traces else 0)
    return states, draw(len(model.labels)) / 256


def arguments(cell: FloatCell, u: np.ndarray, h: np.ndarray, du: np.ndarray) -> np.ndarray:
    """The least and the greatest of gate and reversal of each unit, (2, 2, units), if u is known to within du."""
    if not isinstance(cell, Grid):
        return sums([(cell.wf, cell.bf), (cell.wa, cell.ba)], np.append(u, h), np.append(du, 0 * h))
    found = [
        sums([(cell.wf, bf), (cell.wa, ba)], x, dx)
        for bf, ba, x, dx in zip(cell.bf, cell.ba, cell.heard(u, h), cell.heard(du, 0 * h), strict=True)
    ]
    return np.concatenate(found, -1)


def sums(rows: list[tuple[np.ndarray, np.ndarray]], x: np.ndarray, dx: np.ndarray) -> np.ndarray:
    """The least and the greatest of w x + b in float32 for each (w, b), if x is known to within dx: (rows, 2, units)."""
    found = []
    for w, b in ((w.astype(float), b.astype(float)) for w, b in rows):
        rounding = EPSILON * (np.sqrt(len(x)) + 2) * (np.abs(w) @ np.abs(x) + np.abs(b))
        found.append(w @ x + b + np.multiply.outer((-1, 1), np.abs(w) @ dx + rounding))
    return np.array(found)


def step_error(gate: np.ndarray, value: np.ndarray, h: np.ndarray, tau_s: np.ndarray) -> np.ndarray:
    """How far apart the ends of gate and value (2, units) put what a fused step makes of h."""
    g = DT_S * np.exp(gate)[:, None]
    corners = (h + g * value) / (1 + DT_S / tau_s + g)
    return np.ptp(corners.reshape(4, -1), axis=0)


def readout_error(readout: AnyReadout, h: np.ndarray, dh: np.ndarray, evidence: np.ndarray) -> np.ndarray:
    """How far the logits may be off, if the state is off by dh."""
    if isinstance(readout, LiquidReadout):
        gate, value = sums([(readout.wg, readout.bg), (readout.wv, readout.bv)], h, dh)
        gate = np.clip(gate, LEAST["readout_gate"], LIMITS["readout_gate"])
        return step_error(gate, np.clip(value, -128, 128), evidence, readout.tau)
    (logits,) = sums([(readout.w, readout.b)], h, dh)
    return np.ptp(np.clip(logits, -128, 128), axis=0)


def main(count: int, seed: int) -> int:
    """Runs `count` models on every core, in batches whose levels take turns.  Gives how many differ."""
    folder = ROOT / "build/differential"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    ran: Counter[str] = Counter()
    found: list[str] = []
    start = time.time()
    for batch, at in enumerate(range(0, count, BATCH)):
        cases = prepare(folder, seed + 10 * batch, min(BATCH, count - at))
        ran["integer"] += sum(case.integer for case in cases)
        ran["golden"] += sum(case.model.golden is not None for case in cases)
        for k, core in enumerate((*CORES, "host")):
            level = list(LEVELS)[(batch + k) % len(LEVELS)]
            new = run(folder, cases, core, level)
            print(*(f"seed {seed + 10 * batch}, {words}" for words in new), sep="\n", end="\n" if new else "")
            found += new
            ran[f"{core} {level}"] += len(cases)
        print(f"{at + len(cases)} of {count} models, {time.time() - start:.0f} s, {len(found)} differences", flush=True)
    print(f"{ran.pop('integer')} of them of integers, {ran.pop('golden')} with golden vectors of the core under CFFI")
    print(*(f"{name}: {n} models" for name, n in sorted(ran.items())), f"differences: {len(found)}", sep="\n")
    return len(found)


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(*numbers[:1] or [5000], *numbers[1:2] or [1]) > 0)
