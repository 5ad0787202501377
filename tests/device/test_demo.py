# SPDX-License-Identifier: MIT
"""The demo's parts: what is said, how lines are read, what counts as heard."""

import itertools

import numpy as np
import pytest
from liquid_audio_nets import demo
from liquid_audio_nets.audio import AudioError, write_wav
from liquid_audio_nets.demo import hear, scene

KEYWORDS = ["yes", "no", "up", "down"]


def test_lines_of_the_script():
    line = hear.parse("    3.54 s  yes      0.91  timestep  20 ms  energy 0.0316  2.82 M instructions/s\n")
    assert line == demo.Heard(3.54, "yes", 0.91, 20, 0.0316, 2.82)
    assert hear.parse("26.3 s of audio, 2.491 M instructions per second, 0 overruns") == demo.Ending(26.3, 2.491, 0)
    assert hear.parse("[Errno 2] ENOENT: /models/keywords.lnn") is None


def test_every_word_counts_once():
    spoken = [demo.Spoken("yes", 1.0, 1.5, "a"), demo.Spoken("no", 4.0, 4.5, "b"), demo.Spoken("up", 7.0, 7.4, "c")]

    def heard(time_s, keyword):
        return demo.Heard(time_s, keyword, 0.9, 20, 0.1, 1.0)

    lines = [heard(1.4, "yes"), heard(2.3, "yes"), heard(4.4, "yes"), heard(5.4, "no"), heard(9.0, "up")]
    assert demo.match(lines, spoken) == [spoken[0], None, None, spoken[1], None]


def test_a_scene_says_what_it_says():
    samples, spoken = demo.make(KEYWORDS)
    assert len(spoken) == scene.N_WORDS and {word.word for word in spoken} == set(KEYWORDS)
    assert len({word.voice for word in spoken}) >= 6
    for before, word in itertools.pairwise(spoken):
        assert before.end_s + 0.5 < word.start_s
    for word in spoken:
        loud = samples[int(word.start_s * 16000) : int(word.end_s * 16000)] / 32768
        assert np.sqrt(np.mean(loud**2)) > 0.01
    assert np.array_equal(samples, demo.make(KEYWORDS)[0])


def test_recordings_take_every_other_word(tmp_path):
    for word in KEYWORDS:
        (tmp_path / word).mkdir()
        write_wav(tmp_path / word / "a_nohash_0.wav", (np.sin(np.arange(8000) / 5) * 9000).astype(np.int16))
    _, spoken = demo.make(KEYWORDS, tmp_path)
    assert [word.voice == "a_nohash_0" for word in spoken] == [False, True] * (scene.N_WORDS // 2)


def test_a_folder_without_the_words(tmp_path):
    with pytest.raises(AudioError, match="one folder per word"):
        demo.make(KEYWORDS, tmp_path)
