# SPDX-License-Identifier: MIT
"""liquid_audio_easy.h: the two calls of the project's first description, with their exact signatures."""

import liquid_audio_nets
import numpy as np
import sanitized
from liquid_audio_nets._core import ffi, lib
from liquid_audio_nets.lnn import load, write
from liquid_audio_nets.native import LNN
from small_model import integer_model, small_model, with_grid, with_rhythm


def test_the_first_description_compiles_and_runs(tmp_path, root):
    model = small_model(labels=("a", "b"), units=(4,))
    model.readout.w[:], model.readout.b[:] = 0, (5, -5)  # every sound is an "a"
    array = ", ".join(str(byte) for byte in write(model))
    data = tmp_path / "model_data.c"
    data.write_text(f"#include <stdint.h>\n_Alignas(8) const uint8_t model_data[] = {{{array}}};\n")
    program = sanitized.build(root / "tests/core/seed_usage.c", tmp_path / "seed", str(data))
    blocks, sleeps, loud = (int(word) for word in sanitized.run(program).split() if word.isdigit())
    assert blocks == sleeps == 200 and 150 < loud < 200


def test_a_static_buffer_of_the_bound_holds_every_model(tmp_path):
    """LNN_MODEL_RAM_BYTES is never too small, and for the shipped models less than twice what is needed."""
    rows = []
    for k, make in enumerate([small_model, integer_model] * 12):
        rng = np.random.default_rng(k)
        units = tuple(int(2 * n) for n in rng.integers(1, 60, rng.integers(1, 5)))
        mels = int(rng.integers(4, 60))
        options = {"channels": mels} if make is small_model else {"mels": mels}
        labels = tuple(f"word {i}" for i in range(rng.integers(1, 40)))
        model = make(k, units, labels, **options)
        if k % 3 == 0 and len(units) < 4:
            model = with_grid(model, *((mels, 1, 2) if k % 2 else (2, 1, 4)))
        model = with_rhythm(model, None) if k % 4 > 1 else model
        with LNN(write(model)) as lnn:
            rows.append((lnn.info, max(cell.n_units for cell in model.cells), lnn.ram_bytes))
    models = sorted((sanitized.ROOT / "device/models").glob("*.lnn"))
    for path in models:
        with LNN(path) as lnn:
            rows.append((lnn.info, max(cell.n_units for cell in load(path).cells), lnn.ram_bytes))
    source = tmp_path / "bound.c"
    lines = "".join(
        f'printf("%u\\n", LNN_MODEL_RAM_BYTES({i["window_samples"]}u, {512 if i["window_samples"] else 0}u, '
        f"{i['n_features']}u, {i['n_labels']}u, {i['n_cells']}u, {units}u));"
        for i, units, _ in rows
    )
    source.write_text(f'#include <stdio.h>\n#include "liquid_audio_lnn.h"\nint main(void) {{ {lines} }}\n')
    bounds = [int(line) for line in sanitized.run(sanitized.build(source, tmp_path / "bound")).split()]
    assert all(bound >= need for bound, (_, _, need) in zip(bounds, rows, strict=True))
    shipped = list(zip(bounds[24:], rows[24:], strict=True))
    assert all(bound < 2 * need for bound, (info, _, need) in shipped if info["window_samples"]), shipped


def test_one_version_everywhere():
    assert ffi.string(lib.lnn_version()).decode() == liquid_audio_nets.__version__
