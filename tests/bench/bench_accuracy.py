# SPDX-License-Identifier: MIT
"""What int8 and the integer front-end cost in accuracy: the shipped model and its float twin by the C core on the host."""

import os
import pathlib

import numpy as np
from bench_keywords import MODELS, row
from liquid_audio_nets.compress import from_folder
from liquid_audio_nets.compress.run import decide
from liquid_audio_nets.lnn import load


def measure():
    """Clips of validation speakers; nothing where no recordings are given (AUDIO)."""
    if not os.environ.get("AUDIO"):
        return
    models = {prefix or "int8_": load(path) for prefix, path in MODELS.items()}
    sounds = from_folder(pathlib.Path(os.environ["AUDIO"]), models["int8_"])
    percent = {
        prefix: 100 * float(np.mean(decide(model, sounds.check)[0] == sounds.truth)) for prefix, model in models.items()
    }
    for prefix, value in percent.items():
        yield row(f"{prefix}accuracy_percent", "host", round(value, 3), f"% of {len(sounds.check)} clips")
    yield row("int8_accuracy_drop_points", "host", round(percent["float_"] - percent["int8_"], 3), "points")
