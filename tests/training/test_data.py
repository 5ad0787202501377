# SPDX-License-Identifier: MIT
"""Folders to labels: the split rule, what is never read, and files that are not as they should be."""

import itertools
import shutil

import numpy as np
import pytest
import soundfile
from liquid_audio_nets.audio import AudioError, label_of, read_audio, scan, split_of
from liquid_audio_nets.audio.dataset import speaker_of
from liquid_audio_nets.audio.mixing import rms
from liquid_audio_nets.audio.speech import engines
from liquid_audio_nets.reference.frontend import FrontEnd
from liquid_audio_nets.training.data.frame_store import GRID_SAMPLES, TAIL_FRAMES, FrameStore, Sound
from liquid_audio_nets.training.settings import recipe as recipes
from liquid_audio_nets.training.tasks.keywords import KeywordTask

LABELS = ("yes", "no", "_unknown_", "_silence_")


def sources(root, labels=LABELS, **data):
    data = {"labels": list(labels), "synthetic": 0, "clipped_share": 0.0, "codec_share": 0.0} | data
    recipe = recipes.load("keywords", ((f"data.{k}", v) for k, v in data.items()))
    return KeywordTask(recipe, root, root / "cache").sources()


def test_split_is_the_published_rule():
    # Values of the data set's own which_set().
    assert speaker_of("0a7c2a8d_nohash_2.wav") == "0a7c2a8d"
    same = {split_of(f"0a7c2a8d_nohash_{n}.{end}") for n in range(5) for end in ("wav", "opus", "flac")}
    assert len(same) == 1
    shares = [split_of(f"{i:08x}_nohash_0.wav") for i in range(5000)]
    assert 0.08 < shares.count("validation") / 5000 < 0.12 and 0.08 < shares.count("testing") / 5000 < 0.12


def test_labels_of_folders():
    assert label_of("yes", LABELS) == "yes" and label_of("tree", LABELS) == "_unknown_"
    assert label_of("_background_noise_", LABELS) == "_silence_"
    assert label_of("tree", ("yes", "no")) is None


def test_testing_speakers_are_never_in_a_store(words, tmp_path):
    sounds = list(sources(words))
    assert {s.split for s in sounds} == {"training", "validation"}
    by_split = {s: sum(x.split == s and x.source == "commands" for x in sounds) for s in ("training", "validation")}
    assert by_split == {"training": 24, "validation": 24}
    reads = []
    data = scan(words, LABELS, "training")
    reads += [clip.path.name for clip, _ in data.read() if clip.label != "_silence_"]
    assert reads and all(split_of(name) == "training" for name in reads)


def test_noise_of_training_and_validation_do_not_overlap(words):
    parts = {s.split: len(s.samples) for s in sources(words) if s.source == "noise" and s.word != "generated"}
    assert parts == {"training": 128000, "validation": 32000}


def test_without_recorded_noise_some_is_generated(words, tmp_path):
    for word in ("yes", "no"):
        shutil.copytree(words / word, tmp_path / word)
    noise = [s for s in sources(tmp_path) if s.source == "noise"]
    assert {s.split for s in noise} == {"training", "validation"} and all(rms(s.samples) > 0.04 for s in noise)
    assert not any(np.array_equal(a.samples, b.samples) for a, b in itertools.pairwise(noise))


@pytest.mark.skipif(not engines(), reason="neither espeak-ng nor flite is installed")
def test_said_words_are_learned_from_synthetic_speech_alone(words):
    made = list(sources(words, synthetic=2, synthetic_unknown=0, say=["yes"], synthetic_said=30))
    yes = {
        split: {s.source for s in made if s.label == "yes" and s.split == split} for split in ("training", "validation")
    }
    assert yes["training"] == {"synthetic"} and "commands" in yes["validation"]
    assert sum(s.label == "yes" and s.source == "synthetic" for s in made) == 30
    assert {s.source for s in made if s.label == "no" and s.split == "training"} == {"commands", "synthetic"}


def test_noise_is_cut_into_seconds(words):
    data = scan(words, LABELS)
    assert data.counts() == {"yes": 24, "no": 24, "_unknown_": 24, "_silence_": 10}
    assert all(len(x) == 16000 for clip, x in data.read() if clip.label == "_silence_")


def test_stereo_and_other_rates_are_converted_and_counted(words, tmp_path):
    root = tmp_path / "data"
    shutil.copytree(words, root)
    name = next((root / "yes").iterdir()).name
    signal = 0.5 * np.sin(2 * np.pi * 440 * np.arange(44100) / 44100)
    soundfile.write(root / "yes" / name, np.stack([signal, signal], 1), 44100)
    samples, converted = read_audio(root / "yes" / name)
    assert converted and samples.dtype == np.int16 and len(samples) == 16000
    spectrum = np.abs(np.fft.rfft(samples))
    assert spectrum.argmax() == 440
    data = scan(root, LABELS)
    assert sum(1 for _ in data.read()) == 82 and data.converted == 1


@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE", "PCM_U8", "PCM_24", "PCM_32", "PCM_16"])
def test_samples_of_every_kind_come_in_the_same_scale(subtype, tmp_path):
    signal = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    soundfile.write(tmp_path / "x.wav", signal, 16000, subtype=subtype)
    samples, converted = read_audio(tmp_path / "x.wav")
    assert samples.dtype == np.int16 and not converted
    np.testing.assert_allclose(samples / 32768, signal, atol=1 / 128 if subtype == "PCM_U8" else 1 / 16384)


@pytest.mark.parametrize("sample", [np.nan, np.inf, 20000.0])
def test_floats_that_are_no_sound_are_refused(sample, tmp_path):
    signal = np.zeros(16000)
    signal[100] = sample
    soundfile.write(tmp_path / "x.wav", signal, 16000, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"x\.wav: float samples must be"):
        read_audio(tmp_path / "x.wav")


def test_corrupt_and_empty_files_are_listed_not_fatal(words, tmp_path):
    root = tmp_path / "data"
    shutil.copytree(words, root)
    files = sorted((root / "no").iterdir())
    files[0].write_bytes(b"not a sound file")
    files[1].write_bytes(b"")
    data = scan(root, LABELS)
    assert sum(1 for _ in data.read()) == 80
    assert len(data.unreadable) == 2 and all("delete it" in line for line in data.unreadable)


def test_folder_mistakes_are_one_sentence(tmp_path):
    with pytest.raises(AudioError, match="no such folder"):
        scan(tmp_path / "nowhere", LABELS)
    (tmp_path / "yes").mkdir()
    with pytest.raises(AudioError, match="no sound files"):
        scan(tmp_path, LABELS)
    with pytest.raises(AudioError, match="no such file"):
        read_audio(tmp_path / "x.wav")


def test_a_label_without_recordings_is_refused_by_name_with_what_was_perhaps_meant(words):
    with pytest.raises(
        AudioError, match=r"no recordings of 'yess'; did you mean yes\? There are no, tree, yes\. .*--say yess"
    ):
        sources(words, ("yess", "no"))
    assert sources(words, ("no",), say=["yess"])  # what was named as said needs none


def test_store_keeps_what_the_frontend_gives(tmp_path):
    frontend, rng = FrontEnd(), np.random.default_rng(0)
    clips = [
        Sound(rng.integers(-9000, 9000, n).astype(np.int16), "yes", "yes", "commands", "training")
        for n in (16000, 7001)
    ]
    store = FrameStore.build(tmp_path, clips, frontend)
    blocks = -(-7001 // GRID_SAMPLES)
    assert store.blocks.tolist() == [100, blocks] and len(store.mel) == 100 + blocks + 2 * TAIL_FRAMES
    wanted = frontend.mel_power(clips[1].samples, np.arange(1, blocks + TAIL_FRAMES + 1) * GRID_SAMPLES)
    assert np.array_equal(store.mel[store.offset[1] :], wanted)
    power = np.mean((clips[0].samples[:GRID_SAMPLES] / 32768.0) ** 2)
    assert np.isclose(store.energy[0], power, rtol=1e-5)


def test_a_store_cut_short_is_not_taken_for_one(tmp_path):
    def broken():
        yield Sound(np.ones(16000, np.int16), "yes", "yes", "commands", "training")
        raise OSError("disk full")

    with pytest.raises(OSError):
        FrameStore.build(tmp_path, broken(), FrontEnd())
    assert not FrameStore.exists(tmp_path) and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name, content", [("clips.json", b"{"), ("clips.json", b"{}"), ("mel.f32", b"1234"), ("energy.f32", b"")]
)
def test_a_damaged_store_is_one_sentence(tmp_path, name, content):
    FrameStore.build(tmp_path, [Sound(np.ones(16000, np.int16), "yes", "yes", "commands", "training")], FrontEnd())
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AudioError, match="delete it"):
        FrameStore(tmp_path)
