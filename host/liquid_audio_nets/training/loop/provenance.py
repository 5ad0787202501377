# SPDX-License-Identifier: MIT
"""Where recordings come from, and what their licences mean for the weights; for model cards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

KNOWN = {  # by folder
    "speech_commands": ("Google Speech Commands v0.01 (P. Warden)", "CC BY 4.0"),
    "wake_words": ("Picovoice wake-word benchmark", "Apache-2.0"),
    "negatives": ("Picovoice speech-to-intent benchmark", "Apache-2.0"),
    "esc10": ("ESC-10 (K. Piczak)", "CC BY / CC0 by clip"),
    "other_words/arabic": ("single words in Arabic", "CC BY 4.0"),
    "other_words/phrases": ("phrases (S. Hymel)", "CC BY 4.0"),
    "other_words/one_speaker": ("words of one speaker", "MIT"),
    "noise": ("MS-SNSD and other noises", "terms of their own"),
    "digits": ("Free Spoken Digit Dataset", "CC BY-SA 4.0"),
    "other_words/mandarin": ("audio-cmn", "CC BY-SA"),
    "other_words/english_vocabulary": ("GCompris' English words", "CC BY-SA"),
    "prompts": ("asterisk-core-sounds", "CC BY-SA 3.0"),
}
SHARE_ALIKE = "BY-SA"
VOICES = {"kokoro": "Kokoro-82M (Apache-2.0)"}  # the licence of a voice that has one of its own for what it says


def provenance(root: Path, voices: Sequence[str], folders: Iterable[str] = (".",)) -> tuple[str, str]:
    """(data, licence) in the words of a card, with share-alike sources by themselves.  Known data sets are recognised by the
    names of their folders; for other folders the licence is left to the reader.

    voices: the engines that spoke some of the words; folders: below root, those that were learned from."""
    root = Path(root).resolve()
    known = [name for name in KNOWN if (root / name).is_dir() and any(_overlap(name, folder) for folder in folders)]
    if root.name in ("speech_commands", "esc10"):
        known = [root.name]
    elif not (root / "speech_commands").is_dir():
        known = []  # names such as "noise" mean something only beside the others
    alike = [name for name in known if SHARE_ALIKE in KNOWN[name][1]]
    said = _named(name for name in known if name not in alike) or [f"recordings in the folder {root.name}"] * (
        not alike
    )
    *first, last = [VOICES.get(name, name) for name in voices] or [""]
    spoken = f"words spoken by {', '.join(first)}{' and ' if first else ''}{last}"
    data = "; ".join(said + [spoken] * bool(voices)) + "."
    if not known:
        return (
            data,
            "The licence of the weights follows from that of the recordings; state it here before you share them.",
        )
    if alike:
        data += f" Share-alike: {'; '.join(_named(alike))}."
    weights = "CC BY-SA 4.0" if alike else "CC BY 4.0"
    return data, f"Weights: {weights}, from data under {', '.join(dict.fromkeys(KNOWN[name][1] for name in known))}."


def _named(names: Iterable[str]) -> list[str]:
    return [", ".join(KNOWN[name]) for name in names]


def _overlap(known: str, folder: str) -> bool:
    """Whether one of two folders below the same root is the other, or lies in it."""
    one, other = PurePath(known), PurePath(folder)
    return one in (other, *other.parents) or other in one.parents
