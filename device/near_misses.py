# SPDX-License-Identifier: MIT
# Listens as wake.py does, and keeps the sound of each near-miss: the score of a word rose above NEAR, but no word was detected.
#   mpremote run device/near_misses.py
# Then `liquid-tune --device auto` fetches the files and chooses a threshold with them.
import os
import struct

import liquid_audio

MODEL = "models/computer.lnn"  # on the board; `liquid-upload device/models/computer.lnn` sends it there
FOLDER = "near_misses"  # on the board
FILES = 8  # so many are kept, 48 KB each; then the oldest is replaced
NEAR = 0.5  # a score from which on a sound counts as near
BLOCKS = 75  # of 20 ms: what a file holds
WAIT = 25  # blocks in which a near-miss can still become a detection
kept = 0


def keep(label, score, newest):
    """Writes the last BLOCKS blocks as a wav file, named <number>_<label>_<score in thousandths>.wav."""
    global kept
    number = kept % FILES
    for old in os.listdir(FOLDER):
        if old.startswith("%d_" % number):
            os.remove(FOLDER + "/" + old)
    name = "%s/%d_%s_%d.wav" % (FOLDER, number, label, 1000 * score)
    rate, begin = net.sample_rate, (newest + 1) % BLOCKS * block_bytes
    with open(name, "wb") as file:
        file.write(struct.pack("<4sI4s4sIHHII", b"RIFF", 36 + len(ring), b"WAVE", b"fmt ", 16, 1, 1, rate, 2 * rate))
        file.write(struct.pack("<HH4sI", 2, 16, b"data", len(ring)))
        file.write(memoryview(ring)[begin:])
        file.write(memoryview(ring)[:begin])
    kept += 1
    print("%8.2f s  %s %.3f  %s" % ((newest + 1) * block_bytes / 2 / rate, label, score, name))


def listen():
    """Listens until the recording ends or Ctrl-C is pressed."""
    words = [i for i, label in enumerate(net.labels) if net.thresholds[label] > 0]
    best, word, since, done, now = 0.0, 0, 0, False, 0
    try:
        while True:
            view = views[now % BLOCKS]
            if mic.readinto(view) * 2 < block_bytes:
                break
            if mic.lost:  # while a file was written
                net.skip(mic.lost)
            heard = net.process(view)
            scores = heard.scores
            score, label = max((scores[i], i) for i in words)
            if not best and score >= NEAR:
                since, done = now, False
            done = done or heard.keyword_detected
            if score >= NEAR and score > best:
                best, word = score, label
            if best and not done and (score < NEAR or now - since >= WAIT):
                keep(net.labels[word], best, now)
                done = True
            best = best if score >= NEAR else 0.0
            now += 1
    except KeyboardInterrupt:
        pass
    print("%d near-misses kept in /%s, %d overruns" % (kept, FOLDER, mic.overruns))


try:
    net = liquid_audio.LNN.load(MODEL)
    mic = liquid_audio.Mic(rate=net.sample_rate)
    block_bytes = 2 * net.sample_rate // 50
    ring = bytearray(BLOCKS * block_bytes)
    views = [memoryview(ring)[i * block_bytes : (i + 1) * block_bytes] for i in range(BLOCKS)]
    if FOLDER not in os.listdir():
        os.mkdir(FOLDER)
except (OSError, ValueError, MemoryError) as error:
    print(error)
    if getattr(error, "errno", 0) == 2:  # ENOENT
        print("Send the model with: liquid-upload device/models/computer.lnn")
else:
    listen()
