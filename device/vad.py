# SPDX-License-Identifier: MIT
# Prints a line when somebody begins to speak and when they have stopped, for example to wake a larger system.
# The same script runs on every board, real or virtual:
#   mpremote run device/vad.py
# Afterwards you can tune it at the REPL (mpremote repl):
#   threshold = 0.7; hold_ms = 500; listen()
import liquid_audio

MODEL = "models/vad.lnn"  # on the board; `liquid-upload device/models/vad.lnn` sends it there
BLOCK_MS = 20

threshold = 0.5  # the probability of speech, 0.5 to 1, at which somebody is taken to speak
hold_ms = 300  # a silence shorter than this is a pause between words, not the end of speech


def on_change(speaking, seconds):
    """Called when speech begins and when it has ended: put your own code here."""
    print("%8.2f s  %s" % (seconds, "speech" if speaking else "quiet"))


def listen():
    """Listens until the recording ends or Ctrl-C is pressed, then prints what that cost."""
    left_ms = 0  # of the hold
    start = liquid_audio.clock()
    net.counters(clear=True)
    try:
        for heard in net.listen(mic, BLOCK_MS):
            was_speaking = left_ms > 0
            if heard.is_speech and heard.confidence >= threshold:
                left_ms = hold_ms
            elif left_ms:
                left_ms = max(left_ms - BLOCK_MS, 0)
            if was_speaking != (left_ms > 0):
                on_change(left_ms > 0, net.counters()["samples"] / net.sample_rate)
    except KeyboardInterrupt:
        pass
    seconds = net.counters()["samples"] / net.sample_rate
    work = (liquid_audio.clock() - start) / 1e6 / (seconds or 1)
    print("%.1f s of audio, %.3f M %s per second, %d overruns" % (seconds, work, liquid_audio.CLOCK, mic.overruns))


try:
    net = liquid_audio.LNN.load(MODEL)
    mic = liquid_audio.Mic(rate=net.sample_rate)
except (OSError, ValueError, MemoryError) as error:
    print(error)
    if getattr(error, "errno", 0) == 2:  # ENOENT
        print("Send the model with: liquid-upload device/models/vad.lnn")
else:
    listen()
