# SPDX-License-Identifier: MIT
"""liquid_audio_easy.h: the two calls of the project's first description, with their exact signatures."""

import liquid_audio_nets
import sanitized
from liquid_audio_nets._core import ffi, lib
from liquid_audio_nets.lnn import write
from small_model import small_model


def test_the_first_description_compiles_and_runs(tmp_path, root):
    model = small_model(labels=("a", "b"), units=(4,))
    model.readout.w[:], model.readout.b[:] = 0, (5, -5)  # every sound is an "a"
    array = ", ".join(str(byte) for byte in write(model))
    data = tmp_path / "model_data.c"
    data.write_text(f"#include <stdint.h>\n_Alignas(8) const uint8_t model_data[] = {{{array}}};\n")
    program = sanitized.build(root / "tests/core/seed_usage.c", tmp_path / "seed", str(data))
    blocks, sleeps, loud = (int(word) for word in sanitized.run(program).split() if word.isdigit())
    assert blocks == sleeps == 200 and 150 < loud < 200


def test_one_version_everywhere():
    assert ffi.string(lib.lnn_version()).decode() == liquid_audio_nets.__version__
