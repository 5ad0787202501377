# SPDX-License-Identifier: MIT
# Prints a line for each sound that it recognises. The same script runs on every board, real or virtual:
#   mpremote run device/sounds.py
# Afterwards you can tune it at the REPL (mpremote repl):
#   net.thresholds["dog_bark"] = 0.4; net.max_timestep = 0.2; listen()
import liquid_audio

MODEL = "models/sounds.lnn"  # on the board; `liquid-upload device/models/sounds.lnn` sends it there


def on_sound(heard, seconds):
    """Called when a sound is recognised: put your own code here."""
    print("%8.2f s  %-16s %.2f  energy %.4f" % (seconds, heard.keyword, heard.confidence, heard.energy))


def listen():
    """Listens until the recording ends or Ctrl-C is pressed, then prints what that cost."""
    start = liquid_audio.clock()
    net.counters(clear=True)
    try:
        for heard in net.listen(mic, 40):  # in blocks of 40 ms
            if heard.keyword_detected:
                on_sound(heard, net.counters()["samples"] / net.sample_rate)
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
        print("Send the model with: liquid-upload device/models/sounds.lnn")
else:
    listen()
