# SPDX-License-Identifier: MIT
# Says when a sound is not as usual, how unusual it is, and at which frequency. The same script runs on every board:
#   mpremote run device/anomaly.py
# The board does not learn what is usual. `liquid-train anomaly --data FOLDER_OF_NORMAL_SOUND --out DIR` makes the model.
# Afterwards you can tune it at the REPL (mpremote repl). A score of 0.5 is the most unusual that training heard; 0.75 is
# three times as unusual:
#   report_from(0.75); listen()
import liquid_audio

MODEL = "models/anomaly.lnn"  # on the board; `liquid-upload device/models/anomaly.lnn` sends it there


def on_anomaly(heard, seconds):
    """Called when a sound is unusual: put your own code here."""
    times, share = heard.confidence / (1.0001 - heard.confidence), 100 * heard.scores[heard.label]
    print(
        "%8.2f s  not usual: %.1f times the limit, most at %s (%.0f %% of it)" % (seconds, times, heard.keyword, share)
    )


def report_from(score, first_hz=0, last_hz=1e9):
    """Reports sounds that score at least this (0: none) and whose largest deviation lies between two frequencies."""
    for band in net.labels:
        if first_hz <= float(band.split()[0]) <= last_hz:
            net.thresholds[band] = score


def listen():
    """Listens until the recording ends or Ctrl-C is pressed, then prints what that cost."""
    start, highest = liquid_audio.clock(), 0.0
    net.counters(clear=True)
    try:
        for heard in net.listen(mic, 40):  # in blocks of 40 ms
            highest = max(highest, heard.confidence)
            if heard.keyword_detected:
                on_anomaly(heard, net.counters()["samples"] / net.sample_rate)
    except KeyboardInterrupt:
        pass
    seconds = net.counters()["samples"] / net.sample_rate
    work = (liquid_audio.clock() - start) / 1e6 / (seconds or 1)
    print(
        "%.1f s of audio, highest score %.2f, %.3f M %s per second, %d overruns"
        % (seconds, highest, work, liquid_audio.CLOCK, mic.overruns)
    )


try:
    net = liquid_audio.LNN.load(MODEL)
    if not net.labels[0].endswith(" Hz"):
        raise ValueError("%s was not made by liquid-train anomaly" % MODEL)
    mic = liquid_audio.Mic(rate=net.sample_rate)
except (OSError, ValueError, MemoryError) as error:
    print(error)
    if getattr(error, "errno", 0) == 2:  # ENOENT
        print("Send the model with: liquid-upload device/models/anomaly.lnn")
else:
    listen()
