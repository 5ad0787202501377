# SPDX-License-Identifier: MIT
"""From a float model to an integer one, with the proof that it still hears as before."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from ..lnn import Grid, GridS8, IntegerCell, Model, unsigned, write
from ..lnn.integer import INTEGER_FRONTENDS
from ..native import LNN, add_golden, clip_features, replay, run_clip
from .calibration import Calibration, calibrate
from .errors import CompressError
from .frontend import fit_frontend
from .layouts import grid_weight, lay_out
from .parts import float_parts, integer_parts
from .pruning import prune
from .sounds import Sounds
from .weights import dequantise_cell, dequantise_readout, quantise_cell, quantise_grid, quantise_readout

QUANTIZATIONS = ("dynamic-int8", "int8", "int16", "float32")
FRONTENDS = ("auto", "integer", "float", *INTEGER_FRONTENDS)
FRONTEND_DROP_POINTS = 0.5  # an integer front-end may cost this much before `auto` keeps the float one
COMPARED_CLIPS = 100

Figures = dict[str, float]
Tune = Callable[[Model, Model, list[np.ndarray]], Model]


@dataclass
class Request:
    """What is wanted.

    quantization: `dynamic-int8` and `int16` choose the front-end by measurement, `int8` has no float anywhere.
    target: a value of the format's enum target.  frontend: one of FRONTENDS, see frontend_kind.  prune_threshold, prune_share: see
    pruning.py.  delta_threshold: see layouts.py.  golden_samples: length of the audio in the golden vectors; 0 for none.
    """

    quantization: str = "dynamic-int8"
    target: str = "any"
    frontend: str = "auto"
    prune_threshold: float = 0.0
    delta_threshold: float = 0.0
    golden_samples: int = 1280
    prune_share: float = 0.0

    def pruned(self, model: Model, calibration: Calibration) -> Model:
        """The model with the blocks removed that this request prunes; the model itself if that is none."""
        return prune(model, self.prune_threshold, calibration, self.prune_share)

    @property
    def frontend_kind(self) -> str:
        """Which integer front-end to fit: one of INTEGER_FRONTENDS, or "integer" for the cheapest one that fits."""
        return self.frontend if self.frontend in INTEGER_FRONTENDS else "integer"

    @property
    def weight(self) -> str:
        """Type of the weights: int8 or int16."""
        return "int16" if self.quantization == "int16" else "int8"

    def check(self) -> None:
        """Raises CompressError for options that do not exist or do not go together."""
        if self.quantization not in QUANTIZATIONS:
            raise CompressError(f"quantization '{self.quantization}' does not exist; choose {', '.join(QUANTIZATIONS)}")
        if self.frontend not in FRONTENDS:
            raise CompressError(f"front-end '{self.frontend}' does not exist; choose {', '.join(FRONTENDS)}")
        if self.quantization == "int8" and self.frontend == "float":
            raise CompressError("int8 has no float anywhere; a float front-end goes with --quantization dynamic-int8")
        if self.quantization == "int16" and self.delta_threshold > 0:
            raise CompressError("int16 weights have no delta update; --delta-threshold goes with int8")


@dataclass
class Compressed:
    """The model with its golden vectors, and what was measured.

    before: of the float model; after: of this model; untuned: of this model before it was tuned.  frontend_rms: error of
    the integer front-end's features, in standard deviations.  logit_error: the worst one found.  saturations: shares of
    features and weights at their limit."""

    model: Model
    before: Figures
    after: Figures
    frontend_rms: float | None = None
    untuned: Figures | None = None
    logit_error: float = 0.0
    saturations: dict[str, float] = field(default_factory=dict)

    @property
    def drop_points(self) -> float:
        """Accuracy lost, in percentage points; without labelled clips, the share of decisions that changed."""
        return 100 * (self.before["accuracy"] - self.after["accuracy"])


def compress(
    model: Model,
    sounds: Sounds,
    request: Request,
    say: Callable[[str], None] = lambda _: None,
    tune: Tune | None = None,
) -> Compressed:
    """Compresses a float model, and measures it before and after on the sounds to check on.

    say: is told what is being done.  tune: (float model, integer model, clips) -> integer model, such as
    training.loop.quantised.fine_tune.  Raises CompressError for an impossible request and for a model that is not float,
    LnnError if the front-end has no integer form."""
    request.check()
    float_parts(model)
    model = dataclasses.replace(unsigned(model), golden=None, target=request.target)
    say("measuring the float model")
    decided, work = decide(model, sounds.check)
    truth = decided if sounds.truth is None else sounds.truth
    before = figures(model, decided, truth, work)
    say("calibrating")
    calibration = calibrate(model, sounds.calibration)
    if calibration.steps == 0:
        raise CompressError(f"{sounds.source}: no sound opens the energy gate; give louder recordings")
    pruned = request.pruned(model, calibration)
    if request.quantization == "float32":
        return _finish(Compressed(pruned, before, measure(pruned, sounds, truth)), model, sounds, request)
    say("rounding")
    mixed = lay_out(
        integer_cells(pruned, calibration, request.weight, request.target), request.target, request.delta_threshold
    )
    frontend_rms = None
    chosen = mixed
    if request.frontend != "float":
        fitted, frontend_rms = fit_frontend(float_parts(pruned)[0], mixed, calibration, request.frontend_kind)
        chosen = dataclasses.replace(mixed, frontend=fitted)
    say("measuring the integer model")
    after = measure(chosen, sounds, truth)
    if request.frontend == "auto" and request.quantization != "int8":
        kept = measure(mixed, sounds, truth)
        one_clip = 1 / len(sounds.check)  # may be chance
        if kept["accuracy"] - after["accuracy"] > FRONTEND_DROP_POINTS / 100 + one_clip:
            chosen, after, frontend_rms = mixed, kept, None
    untuned = None
    if tune:
        say("tuning")
        untuned, chosen = after, tune(model, chosen, sounds.tuning or sounds.calibration)
        after = measure(chosen, sounds, truth)
    return _finish(Compressed(chosen, before, after, frontend_rms, untuned), model, sounds, request)


def integer_cells(model: Model, calibration: Calibration, weight: str = "int8", target: str = "any") -> Model:
    """Cells and readout in integers, the front-end as it was.  weight: of all but a grid, see layouts.grid_weight().

    Raises CompressError, with the name of the layer, if int16 has no room for a row of weights."""
    _, float_cells, float_readout = float_parts(model)
    cells: list[IntegerCell] = []
    for k, (cell, moments) in enumerate(zip(float_cells, calibration.cells, strict=True)):
        with _named(f"cell {k}"):
            if isinstance(cell, Grid):
                cells.append(quantise_grid(cell, moments, grid_weight(weight, target)))
            else:
                cells.append(quantise_cell(cell, moments, k, weight))
    with _named("readout"):
        readout = quantise_readout(float_readout, calibration.readout, weight)
    return dataclasses.replace(model, cells=cells, readout=readout)


@contextlib.contextmanager
def _named(layer: str) -> Iterator[None]:
    try:
        yield
    except CompressError as error:
        raise CompressError(f"{layer}: {error}") from None


def decide(model: Model, clips: list[np.ndarray]) -> tuple[np.ndarray, float]:
    """Runs the C core over clips, int16 (n,) each.

    Returns the label of every clip, int (clips,), or for task anomaly whether the clip is reported; and the
    multiply-accumulates per step without those that the kernels skip, because blocks of weights are zero or states have
    hardly moved."""
    with LNN(write(model)) as lnn:
        heard = [run_clip(lnn, samples) for samples in clips]
        counters = lnn.counters()
    labels = [bool(clip.detections) if model.task == "anomaly" else clip.label for clip in heard]
    return np.array(labels, int), model.macs_per_step - counters["skipped_macs"] / max(counters["steps"], 1)


def figures(model: Model, decided: np.ndarray, truth: np.ndarray, macs_per_step: float) -> Figures:
    """Flash, RAM, work and accuracy (0 to 1) of a model without its golden vectors."""
    with LNN(write(model)) as lnn:
        return {
            "model_bytes": lnn.model_bytes,
            "ram_bytes": lnn.ram_bytes,
            "macs_per_step": round(macs_per_step),
            "accuracy": float(np.mean(decided == truth)),
        }


def measure(model: Model, sounds: Sounds, truth: np.ndarray) -> Figures:
    """figures() of a model on the clips to check on; truth int (clips,)."""
    decided, work = decide(model, sounds.check)
    return figures(model, decided, truth, work)


def blame(model: Model, sounds: Sounds, request: Request) -> list[tuple[str, float]]:
    """(layer, points lost if it alone is rounded), and of pruning, the worst first."""
    calibration = calibrate(model, sounds.calibration)
    original, model = model, request.pruned(model, calibration)
    integer = integer_cells(model, calibration, request.weight, request.target)
    decided, _ = decide(original, sounds.check)
    truth = decided if sounds.truth is None else sounds.truth

    def lost(changed: Model, reference: np.ndarray) -> float:
        return 100 * float(np.mean(reference == truth) - np.mean(decide(changed, sounds.check)[0] == truth))

    found = [("pruning", lost(model, decided))] if model is not original else []
    decided, _ = decide(model, sounds.check)
    frontend, float_cells, _ = float_parts(model)
    rounded_cells, rounded_readout = integer_parts(integer)
    for k, rounded in enumerate(rounded_cells):
        cells = list(float_cells)
        cells[k] = dequantise_cell(rounded, k)
        found.append((f"cell {k}", lost(dataclasses.replace(model, cells=cells), decided)))
    found.append(("readout", lost(dataclasses.replace(model, readout=dequantise_readout(rounded_readout)), decided)))
    if request.frontend != "float":
        fitted, _ = fit_frontend(frontend, integer, calibration, request.frontend_kind)
        rounded_only, _ = decide(integer, sounds.check)
        found.append(("front-end", lost(dataclasses.replace(integer, frontend=fitted), rounded_only)))
    return sorted(found, key=lambda layer: -layer[1])


def _finish(done: Compressed, original: Model, sounds: Sounds, request: Request) -> Compressed:
    """Adds the worst logit error and the saturations on some clips, then golden vectors, exact if all is integers."""
    with LNN(write(original)) as exact, LNN(write(done.model)) as rounded:
        saturated = features = 0
        for samples in sounds.check[:COMPARED_CLIPS]:
            ends = np.arange(exact.tick_samples, len(samples) + 1, exact.tick_samples)
            if not len(ends):
                continue
            error = np.abs(replay(exact, samples, ends) - replay(rounded, samples, ends))
            done.logit_error = max(done.logit_error, float(error.max()))
            seen = np.abs(clip_features(rounded, samples, ends))
            saturated, features = saturated + int(np.sum(seen >= 7.999)), features + seen.size
        done.saturations["feature_share"] = saturated / max(features, 1)
    if request.quantization != "float32":
        cells, _ = integer_parts(done.model)
        weights = [w for cell in cells for w in _matrices(cell)]
        at_limit = sum(int(np.sum(np.abs(w.astype(int)) == np.iinfo(w.dtype).max)) for w in weights)
        done.saturations["weight_share"] = at_limit / sum(w.size for w in weights)
    if request.golden_samples:
        done.model = add_golden(done.model, loudest(sounds.check, request.golden_samples), _tolerance(done.model))
    return done


def _matrices(cell: IntegerCell) -> tuple[np.ndarray, ...]:
    return (cell.weights,) if isinstance(cell, GridS8) else (cell.weights_inputs, cell.weights_state)


def _tolerance(model: Model) -> float:
    """Integers are equal on every core; a float front-end differs in its last bits, which int8 turns into whole steps."""
    if model.frontend.kind in INTEGER_FRONTENDS:
        return 0.0
    return 0.05 if model.cells[0].weight == "int8" else 2e-3


def loudest(clips: list[np.ndarray], n: int) -> np.ndarray:
    """The loudest stretch of n samples in the first clips, int16 (n,)."""
    best, power = clips[0][:n], -1.0
    for samples in clips[:COMPARED_CLIPS]:
        total = np.concatenate([[0], np.cumsum(samples.astype(np.float64) ** 2)])
        length = min(n, len(samples))
        sums = total[length:] - total[:-length]
        if length and sums.max() > power:
            at = int(sums.argmax())
            best, power = samples[at : at + length], float(sums.max())
    return best
