"""From a float model to an integer one, with the proof that it still hears as before."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from ..lnn import Model, write
from ..native import LNN, add_golden, clip_features, replay, run_clip
from .calibration import Calibration, calibrate
from .checkpoint import CompressError
from .frontend import fit_frontend, integer_frontend
from .layouts import lay_out
from .pruning import prune
from .sounds import Sounds
from .weights import dequantise_cell, dequantise_readout, quantise_cell, quantise_readout

QUANTIZATIONS = ("dynamic-int8", "int8", "int16", "float32")
FRONTENDS = ("auto", "integer", "float")
FRONTEND_DROP_POINTS = 0.5  # an integer front-end may cost this much before `auto` keeps the float one
COMPARED_CLIPS = 100


@dataclass
class Request:
    """quantization: `dynamic-int8` and `int16` choose the front-end by measurement, `int8` has no float anywhere.

    target: enum target of the format. prune_threshold, prune_share: see pruning.py. delta_threshold: see layouts.py.
    golden_samples: audio in the golden vectors, 0 for none.
    """

    quantization: str = "dynamic-int8"
    target: str = "any"
    frontend: str = "auto"
    prune_threshold: float = 0.0
    delta_threshold: float = 0.0
    golden_samples: int = 1280
    prune_share: float = 0.0

    def pruned(self, model: Model, calibration: Calibration) -> Model:
        return prune(model, self.prune_threshold, calibration, self.prune_share)

    @property
    def weight(self) -> str:
        return "int16" if self.quantization == "int16" else "int8"

    def check(self) -> None:
        """Raises CompressError naming what is not there."""
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
    """The model with its golden vectors; before, after: what was measured of the float and of this model; untuned: of
    this model before it was tuned."""

    model: Model
    before: dict
    after: dict
    frontend_rms: float | None = None
    untuned: dict | None = None
    logit_error: float = 0.0
    saturations: dict = field(default_factory=dict)

    @property
    def drop_points(self) -> float:
        """Accuracy lost, in points; without truth the share of decisions that changed."""
        return 100 * (self.before["accuracy"] - self.after["accuracy"])


Tune = Callable[[Model, Model, list[np.ndarray]], Model]


def compress(
    model: Model,
    sounds: Sounds,
    request: Request,
    say: Callable[[str], None] = lambda _: None,
    tune: Tune | None = None,
) -> Compressed:
    """Raises CompressError for an impossible request, LnnError where the front-end has no integer form.

    tune: (float model, integer model, clips) -> integer model, such as training.quantised.fine_tune."""
    request.check()
    model = dataclasses.replace(model, golden=None, signature=None, target=request.target)
    say("measuring the float model")
    decided = decide(model, sounds.check)
    truth = decided if sounds.truth is None else sounds.truth
    before = figures(model, decided, truth)
    say("calibrating")
    calibration = calibrate(model, sounds.calibration)
    if calibration.steps == 0:
        raise CompressError(f"{sounds.source}: nothing is above the energy gate; give louder recordings")
    pruned = request.pruned(model, calibration)
    if request.quantization == "float32":
        after = figures(pruned, decide(pruned, sounds.check), truth)
        return _finish(Compressed(pruned, before, after), model, sounds, request)
    say("rounding")
    mixed = lay_out(integer_cells(pruned, calibration, request.weight), request.target, request.delta_threshold)
    frontend_rms = None
    chosen, after = mixed, None
    if request.frontend != "float":
        fitted, frontend_rms = fit_frontend(pruned.frontend, mixed, calibration)
        chosen = dataclasses.replace(mixed, frontend=fitted)
    say("measuring the integer model")
    after = figures(chosen, decide(chosen, sounds.check), truth)
    if request.frontend == "auto" and request.quantization != "int8":
        kept = figures(mixed, decide(mixed, sounds.check), truth)
        one_clip = 1 / len(sounds.check)  # may be chance
        if kept["accuracy"] - after["accuracy"] > FRONTEND_DROP_POINTS / 100 + one_clip:
            chosen, after, frontend_rms = mixed, kept, None
    untuned = None
    if tune:
        say("tuning")
        untuned, chosen = after, tune(model, chosen, sounds.tuning or sounds.calibration)
        after = figures(chosen, decide(chosen, sounds.check), truth)
    return _finish(Compressed(chosen, before, after, frontend_rms, untuned), model, sounds, request)


def integer_cells(model: Model, calibration: Calibration, weight: str = "int8") -> Model:
    """Cells and readout in integers, the front-end as it was.  Raises CompressError naming a layer that does not fit."""
    cells = []
    for k, (cell, moments) in enumerate(zip(model.cells, calibration.cells, strict=True)):
        with _named(f"cell {k}"):
            cells.append(quantise_cell(cell, moments, k, weight))
    with _named("readout"):
        readout = quantise_readout(model.readout, calibration.readout, weight)
    return dataclasses.replace(model, cells=cells, readout=readout)


@contextlib.contextmanager
def _named(layer: str) -> Iterator[None]:
    try:
        yield
    except CompressError as error:
        raise CompressError(f"{layer}: {error}") from None


def decide(model: Model, clips: list[np.ndarray]) -> np.ndarray:
    """The label of every clip by the C core, int (clips,); of task anomaly whether the clip is reported."""
    with LNN(write(model)) as lnn:
        heard = [run_clip(lnn, samples) for samples in clips]
    return np.array([bool(clip.detections) if model.task == "anomaly" else clip.label for clip in heard], int)


def figures(model: Model, decided: np.ndarray, truth: np.ndarray) -> dict:
    """Flash, RAM, work and accuracy (0 to 1) of a model without its golden vectors."""
    with LNN(write(model)) as lnn:
        return {
            "model_bytes": lnn.model_bytes,
            "ram_bytes": lnn.ram_bytes,
            "macs_per_step": model.macs_per_step,
            "accuracy": float(np.mean(decided == truth)),
        }


def blame(model: Model, sounds: Sounds, request: Request) -> list[tuple[str, float]]:
    """Points lost by each layer in integers alone, and by pruning, the worst first."""
    calibration = calibrate(model, sounds.calibration)
    original, model = model, request.pruned(model, calibration)
    integer = integer_cells(model, calibration, request.weight)
    decided = decide(original, sounds.check)
    truth = decided if sounds.truth is None else sounds.truth

    def lost(changed: Model, reference: np.ndarray) -> float:
        return 100 * float(np.mean(reference == truth) - np.mean(decide(changed, sounds.check) == truth))

    found = [("pruning", lost(model, decided))] if model is not original else []
    decided = decide(model, sounds.check)
    for k, (rounded, cell) in enumerate(zip(integer.cells, model.cells, strict=True)):
        cells = list(model.cells)
        cells[k] = dequantise_cell(rounded, cell, k)
        found.append((f"cell {k}", lost(dataclasses.replace(model, cells=cells), decided)))
    found.append(("readout", lost(dataclasses.replace(model, readout=dequantise_readout(integer.readout)), decided)))
    if request.frontend != "float":
        fitted, _ = fit_frontend(model.frontend, integer, calibration)
        found.append(("front-end", lost(dataclasses.replace(integer, frontend=fitted), decide(integer, sounds.check))))
    return sorted(found, key=lambda layer: -layer[1])


def _finish(done: Compressed, original: Model, sounds: Sounds, request: Request) -> Compressed:
    """Worst logit error and saturations on some clips, then golden vectors: exact where all is integers."""
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
    if done.model.cells[0].weight != "float32":
        weights = [np.abs(w.astype(int)) for c in done.model.cells for w in (c.weights_inputs, c.weights_state)]
        largest = np.iinfo(done.model.cells[0].weight).max
        done.saturations["weight_share"] = sum(int(np.sum(w == largest)) for w in weights) / sum(
            w.size for w in weights
        )
    if request.golden_samples:
        done.model = add_golden(done.model, loudest(sounds.check, request.golden_samples), _tolerance(done.model))
    return done


def _tolerance(model: Model) -> float:
    """Integers are equal on every core; a float front-end differs in its last bits, and int8 makes steps of that."""
    if model.frontend.kind == "logmel_q15":
        return 0.0
    return 0.05 if model.cells[0].weight == "int8" else 2e-3


def loudest(clips: list[np.ndarray], n: int) -> np.ndarray:
    """The loudest stretch of n samples of the first clips, int16 (n,)."""
    best, power = clips[0][:n], -1.0
    for samples in clips[:COMPARED_CLIPS]:
        total = np.concatenate([[0], np.cumsum(samples.astype(np.float64) ** 2)])
        length = min(n, len(samples))
        sums = total[length:] - total[:-length]
        if length and sums.max() > power:
            at = int(sums.argmax())
            best, power = samples[at : at + length], sums.max()
    return best


__all__ = ["Compressed", "Request", "blame", "compress", "integer_frontend"]
