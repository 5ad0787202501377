# SPDX-License-Identifier: MIT
# Runs on the board: what a second of audio costs, and whether listening allocates.
import gc
import json

import liquid_audio

net = None
audio = bytearray(1024)  # 32 ms, as device/kws.py


def hear(path, blocks=None):
    """Instructions of the whole loop, as device/kws.py has it."""
    mic = liquid_audio.Mic(path)
    net.reset()
    net.counters(clear=True)
    start = liquid_audio.clock()
    for result in net.listen(mic, 32):
        if result.keyword_detected:
            pass
    return liquid_audio.clock() - start


def hear_late(path, seconds):
    """Instructions per second after the first ten, when the gate has found the noise floor."""
    mic = liquid_audio.Mic(path)
    net.reset()
    for i, _ in enumerate(net.listen(mic, 32)):
        if i == 312:
            start = liquid_audio.clock()
    return (liquid_audio.clock() - start) // (seconds - 10)


def heap_growth(path, blocks):
    mic = liquid_audio.Mic(path, rate=0)
    mic.readinto(audio)
    gc.collect()
    before = gc.mem_alloc()
    for _ in range(blocks):
        net.process(audio)
    return gc.mem_alloc() - before


def print_json(model, folder, seconds):
    global net
    net = liquid_audio.LNN.load(model)
    speech, quiet = folder + "/speech.wav", folder + "/silence.wav"
    work = hear(speech) // seconds
    c = net.counters()
    rooms = {name: hear_late(folder + "/" + name + ".wav", 2 * seconds) for name in ("dc", "rumble", "white_noise")}
    found = {
        "frontend_instructions": c["frontend_time"] // c["frontend_runs"],
        "all_cells_step_instructions": c["cell_time"] // c["steps"],
        "second_of_speech_instructions": work,
        "second_of_silence_instructions": hear(quiet) // seconds,
        "model_bytes": net.model_bytes,
        "ram_bytes": net.ram_bytes,
        "heap_growth_bytes_10000_blocks": heap_growth(speech, 10000),
    }
    for name, value in rooms.items():
        found["second_of_" + name + "_instructions"] = value
    print(json.dumps(found))
