# SPDX-License-Identifier: MIT
# Prints a line for each keyword that it hears. The same script runs on every board, real or virtual:
#   mpremote run device/kws.py
# Afterwards you can tune it at the REPL (mpremote repl):
#   net.thresholds["yes"] = 0.6; net.energy_threshold = 0.002; listen()
import liquid_audio

MODEL = "models/keywords.lnn"  # on the board; `liquid-upload device/models/keywords.lnn` sends it there


def on_keyword(heard, seconds, timestep_ms, work):
    """Called for each keyword: put your own code here. timestep_ms, work: means since the keyword before."""
    print(
        "%8.2f s  %-8s %.2f  timestep %3d ms  energy %.4f  %.2f M %s/s"
        % (seconds, heard.keyword, heard.confidence, timestep_ms, heard.energy, work / 1e6, liquid_audio.CLOCK)
    )


def listen():
    """Listens until the recording ends or Ctrl-C is pressed, then prints what that cost."""
    samples = 0
    start = last = liquid_audio.clock()
    net.counters(clear=True)
    try:
        for heard in net.listen(mic, 32):  # in blocks of 32 ms
            if heard.keyword_detected:
                now, spent = liquid_audio.clock(), net.counters(clear=True)
                samples += spent["samples"]
                on_keyword(
                    heard,
                    samples / net.sample_rate,
                    1000 * spent["samples"] / net.sample_rate / (spent["steps"] or 1),
                    (now - last) * net.sample_rate / (spent["samples"] or 1),
                )
                last = now
    except KeyboardInterrupt:
        pass
    seconds = (samples + net.counters()["samples"]) / net.sample_rate
    work = (liquid_audio.clock() - start) / 1e6 / (seconds or 1)
    print("%.1f s of audio, %.3f M %s per second, %d overruns" % (seconds, work, liquid_audio.CLOCK, mic.overruns))


def load():
    """The model in the board's file system, else the one in its firmware, if the firmware carries one."""
    try:
        return liquid_audio.LNN.load(MODEL)
    except OSError:
        baked_model = getattr(liquid_audio, "baked_model", None)
        if baked_model is None:
            raise
        return liquid_audio.LNN.load(baked_model())


try:
    net = load()
    mic = liquid_audio.Mic(rate=net.sample_rate)
except (OSError, ValueError, MemoryError) as error:
    print(error)
    if getattr(error, "errno", 0) == 2:  # ENOENT
        print("Send the model with: liquid-upload device/models/keywords.lnn")
else:
    listen()
