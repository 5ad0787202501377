# SPDX-License-Identifier: MIT
"""A model as a C header, for programs that have neither a file system nor malloc."""

from __future__ import annotations

import re
import struct

from .engine import LNN

TEMPLATE = """\
/* Written by liquid-info --header from {file}. Do not edit.
 *
 *     #include "liquid_audio_lnn.h"
 *     #include "this file"
 *
 *     static uint64_t memory[({NAME}_RAM_BYTES + 7) / 8];
 *     lnn_model_t *model;
 *     lnn_status_t status = lnn_load({name}_model, {NAME}_MODEL_BYTES, memory, sizeof memory, &model);
 *
 * The label of a result is one of enum {name}_label. A file that uses only the sizes and labels pays nothing for the
 * array, because compilers drop constants that nothing refers to.
 */
#ifndef {NAME}_MODEL_H
#define {NAME}_MODEL_H

#include <stdint.h>

#define {NAME}_MODEL_BYTES {model_bytes}u
#define {NAME}_RAM_BYTES {ram_bytes}u
#define {NAME}_SAMPLE_RATE_HZ {sample_rate_hz}u

enum {name}_label {{
{labels}
    {NAME}_LABELS = {n_labels}
}};

/* The file, {model_bytes} bytes, as little-endian words, so that every compiler aligns it as lnn_load() needs. */
static const uint32_t {name}_model[{n_words}] = {{
{words}
}};

#endif
"""


def c_name(text: str) -> str:
    """A C identifier in lower case that resembles the text, such as "keywords_micro" for "keywords-micro"."""
    name = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_").lower() or "model"
    return f"m_{name}" if name[0].isdigit() else name


def c_header(data: bytes, lnn: LNN, name: str, file: str) -> str:
    """The text of a header with the model as an array, its RAM size, sample rate and labels.

    data: the file; lnn: the same file loaded; name: prefix of all identifiers, a C identifier in lower case; file: where
    the model came from, for the comment."""
    padded = data + bytes(-len(data) % 4)
    words = [f"0x{word:08x}," for (word,) in struct.iter_unpack("<I", padded)]
    rows = (" ".join(words[at : at + 8]) for at in range(0, len(words), 8))
    labels = (
        f"    {label} = {index}, /* {_comment(text)} */" for index, (label, text) in enumerate(_labels(lnn, name))
    )
    return TEMPLATE.format(
        file=_comment(file),
        name=name,
        NAME=name.upper(),
        model_bytes=len(data),
        ram_bytes=lnn.ram_bytes,
        sample_rate_hz=lnn.sample_rate,
        labels="\n".join(labels),
        n_labels=len(lnn.labels),
        n_words=len(words),
        words="\n".join(f"    {row}" for row in rows),
    )


def _labels(lnn: LNN, name: str) -> list[tuple[str, str]]:
    """An identifier for each label, and the label."""
    found: dict[str, str] = {}
    for index, label in enumerate(lnn.labels):
        identifier = f"{name}_label_{c_name(label)}".upper()
        found[identifier if identifier not in found else f"{identifier}_{index}"] = label
    return list(found.items())


def _comment(text: str) -> str:
    """Text that does not end a C comment."""
    return text.replace("*/", "* /").replace("/*", "/ *")
