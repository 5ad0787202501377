# SPDX-License-Identifier: MIT
"""Builds C programs with the portable core under AddressSanitizer and UndefinedBehaviorSanitizer."""

from __future__ import annotations

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORE = sorted((ROOT / "cmodule/core").glob("*.c"))
INCLUDE = [f"-I{ROOT / 'cmodule/include'}", f"-I{ROOT / 'cmodule/core'}"]
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]


def build(source: pathlib.Path, target: pathlib.Path, *flags: str, compiler: str = "gcc") -> pathlib.Path:
    """Compiles `source` with the core; raises AssertionError with the compiler's words."""
    command = [compiler, "-std=c99", "-g", "-O1", *SANITIZE, *flags, *INCLUDE, str(source), *map(str, CORE)]
    done = subprocess.run([*command, "-o", str(target), "-lm"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return target


def run(*command: str | pathlib.Path, timeout_s: float = 240) -> str:
    """Runs a program; any finding of a sanitizer fails.  Returns its output."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=timeout_s)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout
