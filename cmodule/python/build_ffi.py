# SPDX-License-Identifier: MIT
"""Writes the C source of the cffi extension from the public header: `python build_ffi.py _core.c`."""

import pathlib
import re
import sys

import cffi

HERE = pathlib.Path(__file__).resolve().parent


def declarations() -> str:
    """What cffi can parse of the header: no preprocessor, no C++ guard."""
    header = (HERE.parent / "include/liquid_audio_lnn.h").read_text()
    header = re.sub(r"#ifdef __cplusplus.*?#endif", "", header, flags=re.S)
    header = re.sub(r"^\s*#(?:.*\\\n)*.*$", "", header, flags=re.M)
    batch = re.search(r"ffi:begin \*/(.*)/\* ffi:end", (HERE / "batch.h").read_text(), re.S)
    return header + batch.group(1)


def main() -> None:
    ffi = cffi.FFI()
    ffi.cdef(declarations())
    ffi.set_source("liquid_audio_nets._core", '#include "batch.h"')
    ffi.emit_c_code(sys.argv[1])


if __name__ == "__main__":
    main()
