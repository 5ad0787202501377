# SPDX-License-Identifier: MIT
"""Choosing sounds for a batch and placing them in time.

A sequence is a stretch of a stream in ticks of some 10 ms blocks each: one sound (a keyword, another word, or silence)
somewhere in noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...audio.dataset import SILENCE, UNKNOWN
from .frame_store import TAIL_FRAMES, FrameStore
from .hard_negatives import HardNegatives
from .own import SOURCE as OWN

NO_SOUND = -1


@dataclass(frozen=True)
class Mixture:
    """Table [mixture] of a recipe: shares of what is drawn; they need not sum to 1."""

    keyword: float
    unknown: float
    silence: float
    synthetic_keyword: float
    own_keyword: float
    unknown_kinds: dict[str, float]


@dataclass
class Placement:
    """Where the sounds of a batch lie; arrays (B,).

    label: index of the label; frames (T, B): frame of the store at each tick, NO_SOUND outside the sound;
    begin, end: ticks between which the sound is loud; level: its mean square there, at full scale 1; synthetic: bool,
    whether it gets the stronger augmentation of synthetic speech, as the few recordings of one's own do."""

    label: np.ndarray
    frames: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    level: np.ndarray
    tick_blocks: int
    synthetic: np.ndarray


class Chooser:
    """Draws training sounds of a store by label and source, words evenly."""

    def __init__(self, store: FrameStore, labels: tuple[str, ...], mixture: Mixture):
        self.store, self.labels, self.mixture = store, labels, mixture
        self.keywords = [w for w in labels if not w.startswith("_")]

        def pick(**wanted: str) -> np.ndarray:
            return store.where(split="training", **wanted)

        self.recorded = {w: pick(label=w, source="commands") for w in self.keywords}
        self.synthetic = {w: pick(label=w, source="synthetic") for w in self.keywords}
        self.own = {w: pick(label=w, source=OWN) for w in self.keywords}
        self.unknown = {
            source: pick(label=UNKNOWN, source=source)
            for source in ("commands", "digits", "wake_words", "negatives", "synthetic")
        }
        self.by_word = {
            w: clips
            for w in sorted(set(store.word[self.unknown["commands"]]))
            if len(clips := pick(label=UNKNOWN, source="commands", word=w))
        }
        # Words with few recordings are drawn less often, but more often than in proportion.
        weight = np.array([len(c) for c in self.by_word.values()], float) ** 0.3
        self.word_share = weight / max(weight.sum(), 1e-9)
        self.noises = {s: n for s in ("noise", "environment") if len(n := pick(source=s))}
        self.babble = self.unknown["negatives"]
        self.unknown["fragments"] = np.concatenate([self.unknown["negatives"], self.unknown["wake_words"]])
        self.take(HardNegatives())

    def take(self, hard: HardNegatives) -> None:
        """The hard negatives to draw from now on; the other kinds have what they leave of their share."""
        self.hard = hard
        made = {"hard": hard.fill, "reversed": 1.0, "spliced": 1.0}
        shares = {k: v * made.get(k, len(self.unknown.get(k, ())) > 0) for k, v in self.mixture.unknown_kinds.items()}
        kinds = {k: v for k, v in shares.items() if v and UNKNOWN in self.labels}
        self.kinds, self.kind_shares = list(kinds), np.array(list(kinds.values())) / max(sum(kinds.values()), 1e-9)

    def keyword(self, rng: np.random.Generator, but: str | None = None) -> tuple[str, int]:
        """A keyword, if possible not `but`, and a clip of it."""
        words = [w for w in self.keywords if w != but] or self.keywords
        word = words[rng.integers(len(words))]
        recorded, synthetic, own = self.recorded[word], self.synthetic[word], self.own[word]
        if len(own) and rng.random() < self.mixture.own_keyword:
            return word, int(own[rng.integers(len(own))])
        use = (
            synthetic
            if len(synthetic) and (not len(recorded) or rng.random() < self.mixture.synthetic_keyword)
            else recorded
        )
        return word, int(use[rng.integers(len(use))])

    def other(self, kind: str, rng: np.random.Generator) -> int:
        """A clip of a kind of other sounds."""
        if kind == "commands":
            words = list(self.by_word)
            clips = self.by_word[words[rng.choice(len(words), p=self.word_share)]]
        else:
            clips = self.unknown[kind]
        return int(clips[rng.integers(len(clips))])

    def noise(self, rng: np.random.Generator, babble_share: float = 0.08) -> int:
        """A clip of noise, in babble_share of the draws of running speech."""
        if len(self.babble) and rng.random() < babble_share:
            return int(self.babble[rng.integers(len(self.babble))])
        clips = list(self.noises.values())[rng.integers(len(self.noises))]
        return int(clips[rng.integers(len(clips))])

    def place(
        self,
        batch: int,
        ticks: int,
        tick_blocks: int,
        stream: bool,
        speed: tuple[float, float],
        shift_blocks: int,
        rng: np.random.Generator,
    ) -> Placement:
        """Draws and places a batch.  stream: sounds lie anywhere in the stretch, else as in a clip of that length."""
        m = self.mixture
        shares = np.array(
            [m.keyword, m.unknown if self.kinds else 0.0, m.silence if self.noises and SILENCE in self.labels else 0.0]
        )
        what = rng.choice(3, batch, p=shares / shares.sum())
        out = Placement(
            np.zeros(batch, int),
            np.full((ticks, batch), NO_SOUND),
            np.full(batch, ticks),
            np.full(batch, ticks),
            np.full(batch, 1e-4),
            tick_blocks,
            np.zeros(batch, bool),
        )
        for b in range(batch):
            if what[b] == 2:
                out.label[b] = self.labels.index(SILENCE)
                continue
            if what[b] == 0:
                word, clip = self.keyword(rng)
                kind = "keyword"
            else:
                word, kind = UNKNOWN, self.kinds[rng.choice(len(self.kinds), p=self.kind_shares)]
                clip, second = self.unknown_clips(kind, rng)
            if kind == "hard":  # it may be noise
                word = str(self.store.label[clip])
            out.label[b] = self.labels.index(word)
            self._place_one(
                out,
                b,
                clip,
                kind,
                second if kind in ("spliced", "hard") else None,
                stream,
                rng.uniform(*speed),
                shift_blocks,
                rng,
            )
        return out

    def unknown_clips(self, kind: str, rng: np.random.Generator) -> tuple[int, int | None]:
        """A clip of a kind of other sounds; for a splice also the clip that gives its second half, for a hard negative the
        block at which it was taken for a word."""
        if kind == "hard":
            return self.hard.draw(rng)
        if kind not in ("reversed", "spliced"):
            return self.other(kind, rng), None
        first_word, first = self.keyword(rng)
        if kind == "reversed":
            return first, None
        if self.by_word and (len(self.keywords) == 1 or rng.random() >= 0.4):
            other = self.other("commands", rng)
            return (first, other) if rng.random() < 0.5 else (other, first)
        return first, self.keyword(rng, first_word)[1]

    def _place_one(
        self,
        out: Placement,
        b: int,
        clip: int,
        kind: str,
        second: int | None,
        stream: bool,
        speed: float,
        shift: int,
        rng: np.random.Generator,
    ) -> None:
        s, ticks = self.store, len(out.frames)
        room = ticks * out.tick_blocks
        blocks, first, last = int(s.blocks[clip]), int(s.first[clip]), int(s.last[clip])
        start, cut_at, offset = 0, 0, 0.0
        if kind == "negatives":
            start = int(rng.integers(-20, max(blocks - room // 2, 1)))
        elif kind == "hard" and second is not None:  # with what comes before it, and a little behind it
            start = second - int(speed * room * rng.uniform(0.4, 1.0))
        else:
            if kind == "fragments":  # a piece of running speech, alone as a word would be
                piece = int(rng.integers(18, 70))
                cut_at = first = int(rng.integers(first, max(last - piece, first + 1)))
                blocks = last = min(first + piece, last)
            length = (last - first) / speed
            if stream or kind == "fragments" or blocks < 90 or blocks > 110:  # anywhere it fits
                low, high = 0.0, max(room - length, 1.0)
                offset = rng.uniform(low, high) - first / speed
            else:
                low, high = -min(shift, first / speed), min(shift, max(room - last / speed, 0.0))
                offset = rng.uniform(min(low, high), high)
        at = np.arange(1, ticks + 1) * out.tick_blocks
        position = np.rint((at - offset) * speed).astype(int) + start - 1
        inside = (position >= cut_at) & (position < blocks + TAIL_FRAMES * (kind != "fragments"))
        if kind == "reversed":
            frames = s.offset[clip] + np.clip(blocks + 1 - position, 0, blocks + TAIL_FRAMES - 1)
            first, last = blocks - last, blocks - first
        elif kind == "spliced" and second is not None:
            cut, cut_2 = (first + last) // 2, int(s.first[second] + s.last[second]) // 2
            in_second = position - cut + cut_2
            frames = np.where(position < cut, s.offset[clip] + position, s.offset[second] + in_second)
            inside &= (position < cut) | (in_second < s.blocks[second] + TAIL_FRAMES)
            last = cut + int(s.last[second]) - cut_2
        else:
            frames = s.offset[clip] + position
        out.frames[inside, b] = frames[inside]
        out.synthetic[b] = s.source[clip] in ("synthetic", OWN)
        out.begin[b] = np.clip(((first - start) / speed + offset) / out.tick_blocks, 0, ticks)
        out.end[b] = np.clip(((last + 1 - start) / speed + offset) / out.tick_blocks, 0, ticks)
        energy = s.energy[s.offset[clip] + s.first[clip] : s.offset[clip] + s.last[clip] + 1]
        out.level[b] = max(float(energy.mean()), 1e-9)
