# SPDX-License-Identifier: MIT
# Prints a line each time it hears the wake word. The same script runs on every board, real or virtual:
#   mpremote run device/wake.py
# Afterwards you can tune it at the REPL (mpremote repl). A lower threshold misses fewer calls, but wakes more often by mistake:
#   net.thresholds["computer"] = 0.8; listen()
import liquid_audio

MODEL = "models/computer.lnn"  # on the board; `liquid-upload device/models/computer.lnn` sends it there


def on_wake(heard, seconds):
    """Called when the wake word was said: put your own code here."""
    print("%8.2f s  %s %.3f" % (seconds, heard.keyword, heard.confidence))


def listen():
    """Listens until the recording ends or Ctrl-C is pressed, then prints what that cost."""
    start = liquid_audio.clock()
    net.counters(clear=True)
    try:
        for heard in net.listen(mic):
            if heard.keyword_detected:
                on_wake(heard, net.counters()["samples"] / net.sample_rate)
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
        print("Send the model with: liquid-upload device/models/computer.lnn")
else:
    listen()
