# SPDX-License-Identifier: MIT
"""Listening to all stored sound without a word, to find what a network takes for one."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ...audio.dataset import SILENCE, UNKNOWN
from ...audio.held_out import BOTH
from ...evaluation.traces import accepts
from ..data.augment import LOG_FLOOR
from ..data.frame_store import BLOCK_S, TAIL_FRAMES, FrameStore, tick_energy
from ..data.schedule import Policy, engine_schedule
from ..nets.model import Net

WAKES = 0.5  # posterior of a word from which on it counts as heard while it is learned
APART_S = 1.0  # between two places of one clip
_PAUSE_BLOCKS = (10, 80)  # after each clip
_LISTED = 30  # lines of the card, beside the near words
_LANES, _LANE_TICKS, _CHUNK_TICKS = 256, 2000, 256  # streams at once; the fewest ticks of one; ticks at once


def without_words(store: FrameStore, labels: tuple[str, ...], split: str = "training") -> np.ndarray:
    """Clips of a split that hold no word: of `_unknown_` and `_silence_`, if those are labels, but for texts and folders that
    name one of the words, such as "stop the music" or hey_computer."""
    words = {label for label in labels if not label.startswith("_")}
    clips = store.where(split=split, label=tuple({UNKNOWN, SILENCE} & set(labels)))
    named = [name for name in set(store.word[clips]) if words & set(re.split(r"[\W_]+", name.lower()))]
    return clips[~np.isin(store.word[clips], named)]


@dataclass
class Heard:
    """place: int (n, 2), as in HardNegatives; label: int (n,), the word that was heard there; hours: of sound, without the
    pauses."""

    place: np.ndarray
    label: np.ndarray
    hours: float


@dataclass
class Played:
    """Some long streams at every tick, (ticks, streams) each: the clip that is played, the block of it with which the tick ends,
    the likeliest label, and its posterior.  hours: of sound, without the pauses."""

    clip: np.ndarray
    block: np.ndarray
    top: np.ndarray
    posterior: np.ndarray
    tick_s: float
    hours: float

    def heard(self, thresholds: np.ndarray) -> Heard:
        """The places at which the likeliest label reaches its threshold; thresholds: of each label, (K,)."""
        above = (self.posterior >= thresholds[self.top]).astype(float)
        found = [accepts(above[:, k], 1.0, round(APART_S / self.tick_s)) for k in range(above.shape[1])]
        ticks = np.concatenate(found)
        streams = np.repeat(np.arange(len(found)), [len(begins) for begins in found])
        place = np.column_stack([self.clip[ticks, streams], self.block[ticks, streams]])
        return Heard(place, self.top[ticks, streams], self.hours)


@torch.no_grad()
def play(
    net: Net, store: FrameStore, clips: np.ndarray, policy: Policy, seed: int = 0, temperature: float = 1.0
) -> Played:
    """Plays clips one after the other in random order with short pauses, as some long streams without a reset, through the
    engine's gate and policy; temperature: a divisor of the logits."""
    tick_blocks = round(policy.min_timestep_s / BLOCK_S)
    tick_s = tick_blocks * BLOCK_S
    clip, block = _played(store, clips, tick_blocks, np.random.default_rng(seed))
    heard = block <= store.blocks[clip] + TAIL_FRAMES
    frame = np.where(heard, store.offset[clip] + np.minimum(block, store.blocks[clip] + TAIL_FRAMES) - 1, 0)
    power = tick_energy(np.asarray(store.energy), frame, tick_blocks) * heard
    schedule = engine_schedule(power, policy, tick_s=tick_s)
    top, posterior, state = np.zeros(clip.shape, int), np.zeros(clip.shape), net.initial_state(clip.shape[1])
    for low in range(0, len(clip), _CHUNK_TICKS):
        part = slice(low, low + _CHUNK_TICKS)
        log_mel = torch.log(torch.from_numpy(store.mel[frame[part]] * heard[part, :, None]) + LOG_FLOOR)
        inputs = (log_mel, torch.from_numpy(schedule.dt[part]), torch.from_numpy(schedule.closed[part]))
        evidence, state = net(*(x.to(net.mean.device) for x in inputs), state)
        p = torch.softmax(evidence / temperature, -1).cpu().numpy()
        top[part], posterior[part] = p.argmax(-1), p.max(-1)
    return Played(clip, block, top, posterior, tick_s, float(store.blocks[clips].sum()) * BLOCK_S / 3600)


def listen(
    net: Net,
    store: FrameStore,
    clips: np.ndarray,
    policy: Policy,
    seed: int,
    thresholds: np.ndarray | float,
    temperature: float = 1.0,
) -> Heard:
    """Plays clips as play() does and finds the places at which the likeliest label is a word and reaches its threshold.

    thresholds: of each label, (K,), or one for all; temperature: the divisor of the logits that they are made for."""
    played = play(net, store, clips, policy, seed, temperature)
    return played.heard(of_words(net.config.labels, thresholds))


def of_words(labels: Sequence[str], thresholds: np.ndarray | float) -> np.ndarray:
    """thresholds (K,), or one for all, for the words among the labels; what is no word is never heard."""
    least: np.ndarray = np.where([label.startswith("_") for label in labels], np.inf, thresholds)
    return least


def accepts_at(
    net: Net, store: FrameStore, others: np.ndarray, policy: Policy, right: np.ndarray, recall: float
) -> float:
    """False accepts per hour of the clips `others`, which hold no word, at the highest threshold with that recall; infinite if
    there is none.

    right: for each clip of a word the posterior of its label, 0 if another one was likelier."""
    wanted = max(math.ceil(recall * len(right)), 1)
    threshold = float(np.sort(right)[-wanted]) if len(right) else 0.0
    if not threshold:
        return math.inf
    heard = play(net, store, others, policy).heard(of_words(net.config.labels, threshold))
    return len(heard.place) / heard.hours


def _played(
    store: FrameStore, clips: np.ndarray, tick_blocks: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Which clip each tick of each stream belongs to, and the block of it that the tick ends with, counted from 1 and more
    than the clip has in the pause behind it; int (ticks, streams) each."""
    order = rng.permutation(clips)
    ticks = (store.blocks[order] + TAIL_FRAMES + rng.integers(*_PAUSE_BLOCKS, len(order))) // tick_blocks
    clip = np.repeat(order, ticks)
    block = np.concatenate([np.arange(1, n + 1) for n in ticks]) * tick_blocks
    streams = int(np.clip(len(clip) // _LANE_TICKS, 1, _LANES))
    length = -(-len(clip) // streams)
    missing = length * streams - len(clip)  # filled with the last pause
    clip, block = np.pad(clip, (0, missing), "edge"), np.pad(block, (0, missing), "edge")
    return clip.reshape(streams, length).T, block.reshape(streams, length).T


def misheard(
    net: Net, store: FrameStore, near: Collection[str], policy: Policy, thresholds: np.ndarray, temperature: float = 1.0
) -> str:
    """For the card: what of all stored sound without a word is still taken for one, the texts `near` first.

    thresholds and temperature: as in listen()."""
    labels = net.config.labels
    others = np.concatenate([without_words(store, labels, split) for split in BOTH])
    if not len(others):
        return "Every label is a word, so there was nothing to listen to."
    heard = listen(net, store, others, policy, 0, thresholds, temperature)
    taken: dict[str, tuple[set[int], set[str]]] = {}
    for clip, label in zip(heard.place[:, 0], heard.label, strict=True):
        clips, words = taken.setdefault(str(store.word[clip]), (set(), set()))
        clips.add(int(clip))
        words.add(labels[label])
    order = sorted(taken, key=lambda name: (name not in near, -len(taken[name][0]), name))
    count = Counter(store.word[others].tolist())
    lines = [
        f"- {'near word ' if name in near else ''}`{name}`: {len(taken[name][0])} of {count[name]} for "
        f"{', '.join(sorted(taken[name][1]))}"
        for rank, name in enumerate(order)
        if name in near or rank < _LISTED
    ]
    about = (
        f"The float network heard {heard.hours:.1f} h of sound without a word, of which most was learned from, as recorded and as "
        "one stream, at its thresholds. "
    )
    if not lines:
        return about + "It took nothing for a word."
    rest = len(order) - len(lines)
    return about + "It took for a word:\n\n" + "\n".join([*lines, f"- and {rest} others"] if rest else lines)
