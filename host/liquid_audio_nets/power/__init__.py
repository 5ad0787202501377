# SPDX-License-Identifier: MIT
"""What listening costs: an energy model with a source for every number, profiles of models, and power meters."""

from .constants import Device, chips, find_device, microphones
from .counted import Counted, count
from .energy import Draw, draw
from .errors import MeterError, PowerError
from .profile import Profile, profile, waits_s

__all__ = [
    "Counted",
    "Device",
    "Draw",
    "MeterError",
    "PowerError",
    "Profile",
    "chips",
    "count",
    "draw",
    "find_device",
    "microphones",
    "profile",
    "waits_s",
]
