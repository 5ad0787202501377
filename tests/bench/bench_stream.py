# SPDX-License-Identifier: MIT
"""A mixed stream (a fifth speech, half noise, the rest quiet) on a virtual board: instructions per second of audio, the Python
loop included, with a gated hop of one tick, with the hand-set policy, and with the learned one."""

import dataclasses
import json
import os
import pathlib
import tempfile

from bench_keywords import ROOT, row
from liquid_audio_nets import board as boards
from liquid_audio_nets import link
from liquid_audio_nets.adaptive import mixed
from liquid_audio_nets.adaptive.stream import read_clips
from liquid_audio_nets.audio import say, write_wav
from liquid_audio_nets.lnn import load

MODEL = ROOT / "device/models/keywords.lnn"
LEARNED = ROOT / "docs/learned/keywords.json"
BOARD = "qemu_m4f"
WORDS = 8
SCRIPT = """
import liquid_audio
def run(path, wav, longest, complexity, table):
    net = liquid_audio.LNN.load(path)
    net.max_timestep = longest or net.max_timestep
    net.complexity = complexity or net.complexity
    net.timetable = table
    mic = liquid_audio.Mic(wav)
    start = liquid_audio.clock()
    for result in net.listen(mic, 32):
        pass
    print(liquid_audio.clock() - start)
"""


def stream():
    """With recordings of validation speakers if AUDIO names some, else with spoken words."""
    model = load(MODEL)
    wanted = [label.name for label in model.labels if label.threshold > 0]
    audio = os.environ.get("AUDIO")
    clips = read_clips(audio, model.label_names, "validation", 20) if audio else [(word, say(word)) for word in wanted]
    return mixed(clips, wanted, WORDS, seed=7)


def measure() -> list[dict]:
    learned = json.loads(LEARNED.read_text())
    with tempfile.TemporaryDirectory() as folder:
        board = dataclasses.replace(boards.find_board(BOARD), running_in=pathlib.Path(folder) / "board")
        boards.build(board)
        sound = stream()
        write_wav(f"{folder}/stream.wav", sound.samples)
        connection = link.open_link(boards.start(board))
        try:
            link.upload(connection, MODEL.read_bytes(), "/models/keywords.lnn")
            connection.exec(SCRIPT)
            policies = {
                "fixed": (load(MODEL).policy.min_timestep_us / 1e6, None, None),
                "hand_set": (0, None, None),
                "learned": (
                    learned["policy"]["max_timestep_us"] / 1e6,
                    learned["policy"]["complexity"],
                    learned["timetable"],
                ),
            }
            found = {
                name: int(connection.exec(f"run('/models/keywords.lnn', '{folder}/stream.wav', *{settings})"))
                for name, settings in policies.items()
            }
        finally:
            connection.close()
            boards.stop(board)
    return [
        row(f"mixed_stream_{name}_instructions", BOARD, round(total / sound.seconds), "instructions")
        for name, total in found.items()
    ]
