# SPDX-License-Identifier: MIT
"""Natural voices: Kokoro-82M (Apache-2.0) in onnxruntime, with phonemes from espeak-ng.

A voice is a table of style vectors, (510, 256) float32, one for each length of a phrase.  A weighted sum of two tables is
the voice of a speaker that does not exist.  The network has no random part: a voice says a text always with the same samples.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any

import numpy as np

from .files import AudioError
from .kokoro_files import VERSION as VERSION
from .kokoro_files import folder

SAMPLE_RATE_HZ = 24000
PEAK = 0.5  # of each utterance, before its own level
_MOST_TOKENS = 500

# A table's first letter is the language of its speaker, the second one f or m.
LANGUAGES = {"a": "en", "b": "en", "e": "es", "f": "fr", "h": "hi", "i": "it", "j": "ja", "p": "pt", "z": "zh"}
ACCENTS = {
    "es": ("es", "es-419"),
    "fr": ("fr-fr", "fr-be", "fr-ch"),
    "hi": ("hi",),
    "it": ("it",),
    "pt": ("pt-br", "pt"),
}
ENGLISH = {"a": "en-us", "b": "en-gb"}
PARTS = {
    "training": """af_alloy af_aoede af_bella af_heart af_jessica af_kore af_nicole af_sarah am_adam am_echo am_eric
        am_fenrir am_michael am_santa bf_emma bf_isabella bm_george bm_lewis ef_dora ff_siwis hf_alpha if_sara jf_alpha
        jf_gongitsune jf_nezumi pf_dora zf_xiaobei zf_xiaoni zf_xiaoxiao zm_yunjian zm_yunxia""".split(),
    "validation": "af_river am_liam bf_alice bm_daniel em_alex hm_omega jm_kumo pm_alex zm_yunxi".split(),
    "testing": """af_nova af_sky am_onyx am_puck bf_lily bm_fable em_santa hf_beta hm_psi im_nicola jf_tebukuro pm_santa
        zf_xiaoyi zm_yunyang""".split(),
}
"""The speakers of each split.  Voices are only blended within a split, so that no speaker is in two of them."""
PART_OF_TABLE = {table: part for part, tables in PARTS.items() for table in tables}


@dataclass(frozen=True)
class Blend:
    """accent: whose phonemes espeak-ng writes; weights: of the tables; ending: punctuation, which shapes the melody."""

    accent: str
    weights: tuple[tuple[str, float], ...]
    ending: str = ""

    def __str__(self) -> str:
        return f"{self.accent}:{'+'.join(f'{w:.2f}*{table}' for table, w in self.weights)}{self.ending}"

    @classmethod
    def parse(cls, name: str) -> Blend:
        """From a text such as en-us:0.70*af_heart+0.30*bf_emma! or en-us:af_heart.

        Raises AudioError for another text or a table that does not exist."""
        found = re.fullmatch(r"([\w-]+):([\w.*+]*\w)([.!?,]?)", name)
        terms = [term.rpartition("*") for term in found[2].split("+")] if found else []
        try:
            weights = tuple((table, float(weight or 1)) for weight, _, table in terms)
        except ValueError:
            weights = ()
        if not found or not weights or not all(table in PART_OF_TABLE for table, _ in weights):
            raise AudioError(f"'{name}' is no voice of Kokoro; such as en-us:af_heart or en-gb:0.7*bf_emma+0.3*am_adam")
        return cls(found[1], weights, found[3])

    @property
    def part(self) -> str:
        """The split that its tables belong to."""
        return PART_OF_TABLE[self.weights[0][0]]


def base_voices(language: str, parts: Sequence[str]) -> list[str]:
    """Names of unblended voices for a language: its own speakers and the English ones.  Empty if it has no speaker."""
    if language not in (*ACCENTS, "en"):
        return []
    return [
        f"{_accent(language, table)}:{table}"
        for part in parts
        for table in PARTS[part]
        if LANGUAGES[table[0]] in (language, "en")
    ]


def _accent(language: str, table: str) -> str:
    return ENGLISH.get(table[0], "en-us") if language == "en" else ACCENTS[language][0]


def random_blend(rng: np.random.Generator, base: str, english: Sequence[str]) -> str:
    """A speaker between the one of a base voice and another of the same split; english: accents of English."""
    accent, _, first = base.partition(":")
    language = next((name for name, accents in ACCENTS.items() if accent in accents), "en")
    same = PARTS[PART_OF_TABLE[first]]
    natives = [table for table in same if LANGUAGES[table[0]] == language]
    pool = natives if natives and rng.random() < 0.75 else same
    second = pool[rng.integers(len(pool))]
    weight = round(float(rng.uniform(0, 1)), 2) if rng.random() < 0.8 and second != first else 0.0
    strength = float(rng.uniform(0.8, 1.25)) if weight and rng.random() < 0.3 else 1.0  # of what makes it a speaker
    if rng.random() < 0.2:
        accents = tuple(english) if language == "en" else ACCENTS[language]
        accent = accents[int(rng.integers(len(accents)))]
    weights = [(first, round(strength * (1 - weight), 2)), (second, round(strength * weight, 2))]
    ending = ("", ".", "!", "?", ",")[rng.integers(5)]
    return str(Blend(accent, tuple((table, w) for table, w in weights if w), ending))


_ENGLISH_SIGNS = """
ʔˌn\u0329=tᵊn ʔn\u0329=tᵊn a^ɪ=I a^ʊ=W d^ʒ=ʤ e^ɪ=A t^ʃ=ʧ ɔ^ɪ=Y ə^l=ᵊl ʔn=tᵊn ʲo=jo ʲə=jə ʲ= ɚ=əɹ r=ɹ x=k ç=k ɐ=ə ɬ=l e^ə=ɛː
"""
_AMERICAN_SIGNS = "o^ʊ=O ɜːɹ=ɜɹ ɜː=ɜɹ ɪə=iə ː= o=ɔ ɾ=T ʔ=t"
_BRITISH_SIGNS = "iə=ɪə ə^ʊ=Q əʊ=Q ʔ=t e=A"
_OTHER_SIGNS = "a^ɪ=I a^ʊ=W d^z=ʣ d^ʒ=ʤ e^ɪ=A o^ʊ=O ə^ʊ=Q t^s=ʦ t^ʃ=ʧ ɔ^ɪ=Y -="


def kokoro_phonemes(ipa: str, accent: str) -> str:
    """espeak-ng's IPA, with ^ between the signs of one sound, in the signs that Kokoro was trained on.

    The signs are those of misaki, its authors' program for phonemes."""
    text = re.sub(r"\([a-z-]+\)", "", ipa)  # espeak-ng names the language of a foreign word
    text = ", ".join(line.strip() for line in text.splitlines() if line.strip())
    american = accent.startswith(("en-us", "en-029"))
    table = _ENGLISH_SIGNS + (_AMERICAN_SIGNS if american else _BRITISH_SIGNS) if accent[:2] == "en" else _OTHER_SIGNS
    for rule in table.split():
        old, _, new = rule.partition("=")
        text = text.replace(old, new)
    text = re.sub("(\\S)\u0329", "ᵊ\\1", text)
    return text.replace("^", "").replace("\u0329", "").replace("\u032a", "")


_OPENING = Lock()


@cache
def _open() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # several utterances are spoken at once
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(folder() / "model.onnx"), options, providers=["CPUExecutionProvider"])


def _session() -> Any:
    """The network, loaded once for all threads."""
    with _OPENING:
        return _open()


@cache
def _tokens() -> dict[str, int]:
    vocabulary: dict[str, int] = json.loads((folder() / "vocab.json").read_text())["vocab"]
    return vocabulary


@cache
def _table(name: str) -> np.ndarray:
    return np.fromfile(folder() / f"{name}.bin", "<f4").reshape(-1, 1, 256)


def speak(phonemes: str, blend: Blend, rate: float) -> np.ndarray:
    """float32 (n,) at SAMPLE_RATE_HZ with its peak at PEAK, empty if there is nothing to say.

    phonemes: in Kokoro's signs.  Raises ModuleNotFoundError without onnxruntime, AudioError if the files cannot be downloaded."""
    known = _tokens()
    tokens = [known[sign] for sign in phonemes if sign in known][:_MOST_TOKENS]
    if not tokens:
        return np.zeros(0, np.float32)
    style = sum(
        (w * _table(table)[min(len(tokens), len(_table(table)) - 1)] for table, w in blend.weights), np.zeros(1)
    )
    audio = (
        _session()
        .run(
            None,
            {
                "tokens": np.array([[0, *tokens, 0]], np.int64),
                "style": style.astype(np.float32),
                "speed": np.array([rate], np.float32),
            },
        )[0]
        .ravel()
    )
    audio *= PEAK / max(float(np.abs(audio).max()), 1e-9)
    loud = np.flatnonzero(np.abs(audio) > 0.02 * PEAK)
    first, last = (max(loud[0] - SAMPLE_RATE_HZ // 50, 0), loud[-1] + SAMPLE_RATE_HZ // 25) if len(loud) else (0, 0)
    speech: np.ndarray = audio[first:last]  # without the breath before and after
    return speech
