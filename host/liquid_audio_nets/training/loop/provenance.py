# SPDX-License-Identifier: MIT
"""Where recordings come from, and what their licences mean for the weights; for model cards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

KNOWN = {
    "speech_commands": ("Google Speech Commands v0.01 (P. Warden)", "CC BY 4.0"),
    "digits": ("Free Spoken Digit Dataset", "CC BY-SA 4.0"),
    "wake_words": ("Picovoice wake-word benchmark", "Apache-2.0"),
    "negatives": ("Picovoice speech-to-intent benchmark", "Apache-2.0"),
    "esc10": ("ESC-10 (K. Piczak)", "CC BY / CC0 by clip"),
}
VOICES = {"kokoro": "Kokoro-82M (Apache-2.0)"}  # the licence of a voice that has one of its own for what it says


def provenance(root: Path, voices: Sequence[str]) -> tuple[str, str]:
    """(data, licence) in the words of a card.  Known data sets are recognised by the names of their folders; for other folders
    the licence is left to the reader.

    voices: the engines that spoke some of the words."""
    root = Path(root).resolve()
    names = [root.name] if root.name in ("speech_commands", "esc10") else []
    if (root / "speech_commands").is_dir():
        names = [name for name in KNOWN if (root / name).is_dir()]
    said = [f"{KNOWN[name][0]}, {KNOWN[name][1]}" for name in names] or [f"recordings in the folder {root.name}"]
    *first, last = [VOICES.get(name, name) for name in voices] or [""]
    spoken = f"words spoken by {', '.join(first)}{' and ' if first else ''}{last}"
    data = "; ".join(said + [spoken] * bool(voices)) + "."
    if not names:
        return (
            data,
            "The licence of the weights follows from that of the recordings; state it here before you share them.",
        )
    weights = "CC BY-SA 4.0" if "digits" in names else "CC BY 4.0"
    return data, f"Weights: {weights}, from data under {', '.join(dict.fromkeys(KNOWN[name][1] for name in names))}."
