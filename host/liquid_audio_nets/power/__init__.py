# SPDX-License-Identifier: MIT
"""What listening costs: an energy model with a source for every number, profiles of models, and power meters."""

from .constants import Device, chips, find_device, microphones
from .energy import Draw, draw
from .errors import MeterError, PowerError
from .profile import Profile, profile, waits_s

__all__ = [
    "Device",
    "Draw",
    "MeterError",
    "PowerError",
    "Profile",
    "chips",
    "draw",
    "find_device",
    "microphones",
    "profile",
    "waits_s",
]
