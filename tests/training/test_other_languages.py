# SPDX-License-Identifier: MIT
"""Sentences in other languages: what is said, who says it, and that the test voices' sentences are others."""

import re
from pathlib import Path

import numpy as np
import pytest
from liquid_audio_nets.audio import held_out_speech, say, voices
from liquid_audio_nets.audio.speech import ACCENTS, NATURAL, engines
from liquid_audio_nets.training import RecipeError
from liquid_audio_nets.training.data.sources import Sources, language_of, other_languages
from liquid_audio_nets.training.settings import recipe as recipes

TEXTS = [text for texts in other_languages().values() for text in texts]


def test_each_language_has_ten_sentences_of_its_own():
    assert all(len(set(texts)) == 10 for texts in other_languages().values()) and len(set(TEXTS)) == len(TEXTS)
    assert set(other_languages()) == set(ACCENTS) - {"en"} == set(recipes.default("data.languages"))
    assert language_of("доброе утро, как вы спали") == "ru" and language_of("what time is it") == "en"


def test_none_is_among_those_of_the_test_voices_or_says_a_word_of_the_recipes():
    held_out = [part for table in held_out_speech._parts().values() for line in table["parts"] for part in line]
    assert not any(part in text for text in TEXTS for part in held_out if len(part.split()) > 2)
    words = {*recipes.default("data.labels"), "computer", "on", "off"}
    assert not any(words & set(re.findall(r"\w+", text.lower())) for text in TEXTS)


@pytest.mark.skipif("espeak-ng" not in engines(), reason="espeak-ng is not installed")
def test_voices_of_the_language_say_them():
    for language, texts in other_languages().items():
        speakers = voices(["espeak-ng", "flite"], language=language)
        assert {voice.engine for voice in speakers} == {"espeak-ng"}
        assert len(say(texts[0], speakers[0])) > 12_000 and np.abs(say(texts[0], speakers[-1])).max() > 3000
    natural = {language: {v.name for v in voices([NATURAL], language=language)} for language in ("es", "de")}
    assert "es:ef_dora" in natural["es"] and "es:af_heart" in natural["es"] and not natural["de"]


@pytest.mark.skipif("espeak-ng" not in engines(), reason="espeak-ng is not installed")
def test_each_sentence_is_drawn_a_voice_that_can_say_it():
    spoken = [(text, "_unknown_", 2) for text in (TEXTS[0], "what time is it")]
    by = {text: drawn for text, _, drawn in Sources(Path("nowhere"), [], spoken, by=["espeak-ng", "flite"])._voices()}
    assert all(voice.name.partition("+")[0] == "de" for voice in by[TEXTS[0]]) and len(by) == 2


def test_a_language_that_nobody_speaks_is_refused():
    for wrong in ("en", "xx"):
        with pytest.raises(RecipeError, match=f"there is no '{wrong}', only de, es, fr, hi, it, pt, ru, zh"):
            recipes.load("wake-word", [("data.languages", [wrong])])
    with pytest.raises(RecipeError, match="every language once"):
        recipes.load("wake-word", [("data.languages", ["de", "de"])])
    assert recipes.load("wake-word", [("data.languages", "")])["data"]["languages"] == []
