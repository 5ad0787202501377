# SPDX-License-Identifier: MIT
"""What a step of a model costs before and after compression, counted by a virtual board or estimated."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import board as boards
from ..board import FirmwareError, MachineError
from ..evaluation.stages import send_sound, stages
from ..link import LinkError, open_link, upload
from ..lnn import Model, write
from ..lnn.costs import estimate

VIRTUAL_BOARDS = {"cortex_m3": "qemu_m3", "cortex_m4": "qemu_m4f", "cortex_m7": "qemu_m7"}


def step_costs(before: Model, after: Model, sound: np.ndarray) -> dict[str, Any]:
    """Instructions of a step by stage, counted by the target's virtual board if its firmware is built, else estimated.

    sound: int16 (n,), on which the board counts."""
    models = {"before": before, "after": after}
    try:
        name = VIRTUAL_BOARDS[after.target]
        return {"instructions_are": f"measured on {name}", "instructions": measured(name, models, sound)}
    except (KeyError, FirmwareError, MachineError, LinkError, OSError):
        found = {which: estimate(model, after.target) for which, model in models.items()}
        return {"instructions_are": "estimated", "instructions": found}


def measured(name: str, models: dict[str, Model], sound: np.ndarray) -> dict[str, dict[str, int]]:
    """Instructions of a step of each model by stage, counted by a virtual board of its own."""
    found, board = {}, boards.find_board(name)
    with tempfile.TemporaryDirectory() as folder:
        board = replace(board, running_in=Path(folder) / "board")
        connection = open_link(boards.start(board))
        try:
            send_sound(connection, sound)
            for which, model in models.items():
                upload(connection, write(replace(model, golden=None, signature=None)), "/models/step.lnn")
                found[which] = stages(connection, "/models/step.lnn")
        finally:
            connection.close()
            boards.stop(board)
    return found
