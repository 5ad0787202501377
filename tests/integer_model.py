"""Integer models with random numbers up to the corners of their ranges."""

from __future__ import annotations

import numpy as np

from liquid_audio_nets.compress.frontend import integer_frontend
from liquid_audio_nets.lnn import CellS8, FrontEndQ15, Label, Model, Policy, ReadoutS8
from liquid_audio_nets.lnn import FrontEnd as FileFrontEnd
from liquid_audio_nets.reference.frontend import FrontEnd


def random_cell_s8(rng: np.random.Generator, n_inputs: int, n_units: int, first: bool = True, gain: float = 1.0,
                   layout: str = "rows4x4", delta_q15: int = 0) -> CellS8:
    """gain 1: lively; larger: saturating.  A sparse layout gets a random half of its blocks."""
    scale = 3.0 * gain / np.sqrt(n_inputs + n_units) / 127

    def scales(bits):
        return np.minimum(scale * 2.0**bits * rng.uniform(0.5, 1, 2 * n_units), 2**30 - 1).astype(np.int32)

    def weights(columns):
        w = rng.integers(-127, 128, (2 * n_units, columns)).astype(np.int8)
        if layout == "rows4x4_sparse":
            kept = rng.integers(0, 2, (-(-2 * n_units // 4), -(-columns // 4)))
            w *= np.repeat(np.repeat(kept, 4, 0), 4, 1)[: len(w), :columns].astype(np.int8)
        return w

    bias = (rng.normal(size=2 * n_units) * 65536 * gain).astype(np.int32)
    inv_tau = (rng.uniform(0.3, 50, n_units) * 65536).astype(np.uint32)
    return CellS8(weights(n_inputs), weights(n_units), scales(36 if first else 33), scales(33), bias, inv_tau, layout=layout,
                  delta_q15=delta_q15 if layout == "rows4x4" else 0)


def random_frontend_q15(rng: np.random.Generator, channels: int = 40, window_samples: int = 512) -> FrontEndQ15:
    fe = integer_frontend(FileFrontEnd.from_reference(FrontEnd(channels=channels, window_samples=window_samples)))
    fe.mean = (rng.uniform(20, 28, channels) * 65536).astype(np.int32)
    fe.scale = (rng.uniform(0.1, 0.3, channels) * 2**22).astype(np.int32)
    return fe


def integer_model(seed: int = 0, units: tuple[int, ...] = (10, 6), labels: tuple[str, ...] = ("yes", "no", "_silence_"),
                  channels: int = 10, window_samples: int = 512, gain: float = 1.0,
                  layout: str | tuple[str, ...] = "rows4x4", delta_q15: int = 0, **policy) -> Model:
    """layout: of all cells or of each; the readout is dense.  delta_q15: of cells in layout rows4x4.

    policy: fields of lnn.Policy.
    """
    rng = np.random.default_rng(seed)
    sizes = list(zip((channels, *units), units))
    layouts = (layout,) * len(units) if isinstance(layout, str) else layout
    cells = [random_cell_s8(rng, m, n, k == 0, gain, layouts[k], delta_q15) for k, (m, n) in enumerate(sizes)]
    n = len(labels)
    readout = ReadoutS8(rng.integers(-127, 128, (n, units[-1])).astype(np.int8),
                        (rng.normal(size=n) * 65536).astype(np.int32),
                        (rng.uniform(0.02, 0.06, n) * 2**33).astype(np.int32), 0.1,
                        labels.index("_silence_") if "_silence_" in labels else None,
                        "rows4x16" if "rows4x16" in layouts else "rows4x4")
    return Model([Label(name, 0.0 if name.startswith("_") else 0.5, 100_000) for name in labels],
                 random_frontend_q15(rng, channels, window_samples), cells, readout, Policy(**policy),
                 metadata={"licence": "none"})
