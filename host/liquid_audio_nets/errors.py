# SPDX-License-Identifier: MIT
"""The base of every error that a user can mend, and the exit codes of all commands."""

import enum


class Exit(enum.IntEnum):
    """What a command's exit code says."""

    OK = 0
    USAGE = 2
    NO_DEVICE = 3
    BAD_MODEL = 4
    VERIFICATION = 5
    GATE = 6


class LiquidError(Exception):
    """Something that a user can mend.  The message is one clear sentence: what happened, and what to do.

    exit_code: the exit code of a command that ends with this error."""

    exit_code = Exit.USAGE


class LiquidWarning(UserWarning):
    """Something that went well enough to go on, but that a user should know.  Commands print it as one line."""
