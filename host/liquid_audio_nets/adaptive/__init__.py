# SPDX-License-Identifier: MIT
"""Timesteps that are learned: which one in which situation, from recordings."""

from .controller import Compared, Controller
from .errors import BudgetError
from .learn import learn_timestep_controller
from .stream import Stream, mixed
from .trial import Choice, Trial

__all__ = ["BudgetError", "Choice", "Compared", "Controller", "Stream", "Trial", "learn_timestep_controller", "mixed"]
