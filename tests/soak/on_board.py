# SPDX-License-Identifier: MIT
# Runs on the board: plays a recording piece by piece, and prints every event, every gap and where the counters stand.
import array
import gc
import time

import liquid_audio
import machine

net = mic = None
room = array.array("h", bytes(32000))
view = memoryview(room)
marked_us = elapsed_us = (
    0  # when the last piece ended (-1: none yet), and how long ago that was when the last block came
)


class Liar:
    """A microphone whose driver is broken."""

    rate, lost = 16000, 0

    def readinto(self, block):
        return len(block) + 1


def open_mic(path, block):
    global mic, marked_us
    mic = liquid_audio.Mic(path, block=block)
    marked_us = -1


def close():
    global net, mic
    if mic:
        mic.deinit()
    if net:
        net.deinit()
    net = mic = None
    for i in range(len(room)):
        room[i] = 0


def load(path):
    global net
    if net:
        net.deinit()
    net = None
    gc.collect()
    net = liquid_audio.LNN.load(path)


def preset(offsets, values):
    """Puts counters of the C core near their ends: the second word of an LNN points to its model."""
    model = machine.mem32[id(net) + 4]
    for i, offset in enumerate(offsets):
        machine.mem32[model + offset] = values[i]
    print(net.counters())


def preset_clock(wraps_at, wraps, ticks_left):
    """The board's timer counts down; what it has wrapped is counted in RAM."""
    machine.mem32[wraps_at] = wraps
    machine.mem32[0x40000004] = ticks_left


def rest():
    """Bytes of the heap in use without a model and a microphone.

    The collector takes audio and weights for pointers if they look like some, so none are left lying about."""
    close()
    gc.collect()
    print(gc.mem_alloc())


def hear(step):
    """One block, as a script without listen() does it.  -> 0: the recording has ended, 1: it was there already, 2: it came"""
    global elapsed_us
    start = time.ticks_us()
    n = mic.readinto(view[:step])
    now = time.ticks_us()
    if n == 0:
        return 0
    elapsed_us = time.ticks_diff(now, marked_us)
    if mic.lost:
        print(("gap", net.counters()["samples"], mic.lost))
        net.skip(mic.lost)
    net.process(view[:n])
    for e in net.events():
        print(("event", e.label, e.confidence, e.timestep, e.sample))
    return 2 if time.ticks_diff(now, start) > 2000 else 1


def play(blocks, step, listens):
    """Hears so many blocks more, or to the end of the recording."""
    global marked_us
    if marked_us < 0:
        marked_us = time.ticks_us()
    goes_on = hear(step)
    if listens and goes_on:
        goes_on = 0
        for result in net.listen(mic, step // 16):
            if result.keyword_detected:
                print(("event", result.keyword, result.confidence, result.timestep, -1))
            blocks -= 1
            if blocks <= 0:
                goes_on = 1
                break
    while goes_on and blocks > 0:
        goes_on = hear(step)
        blocks -= 1
    while goes_on == 1:  # until we wait for the microphone: then its last sample is as old as its clock says
        goes_on = hear(step)
    marked_us = (marked_us + elapsed_us) & 0x3FFFFFFF
    state = net.process(view[:0])
    scores = [int(s * 32768) for s in state.scores]
    print(("end", goes_on > 0, elapsed_us, state.steps, state.energy, state.timestep, scores, net.counters()))
