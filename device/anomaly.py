# Says when a sound is not as usual, how far from it, and at which frequency. Runs unchanged on every board:
#   mpremote run device/anomaly.py
# It learns nothing here: what is usual was learned by liquid-train anomaly --data FOLDER_OF_NORMAL_SOUND --out DIR.
# Tune it at the REPL afterwards (mpremote repl); 0.5 is the limit of what was usual in training, 0.75 three times that:
#   report_from(0.75); listen()
import liquid_audio

MODEL = "models/anomaly.lnn"  # in the board's file system, by: liquid-upload device/models/anomaly.lnn
BLOCK_MS = 40

net = mic = None


def not_usual(times, band, share):
    """What to do then: put your own code here."""
    print(
        "%8.2f s  not usual: %.1f times the limit, most at %s (%.0f %% of it)"
        % (net.counters()["samples"] / net.sample_rate, times, band, 100 * share)
    )


def report_from(score, first_hz=0, last_hz=1e9):
    """The score (0 to 1; 0: never) from which a sound is reported that differs most between two frequencies."""
    for band in net.labels:
        if first_hz <= float(band.split()[0]) <= last_hz:
            net.thresholds[band] = score


def listen():
    net.counters(clear=True)
    start, highest = liquid_audio.clock(), 0.0
    try:
        for result in net.listen(mic, BLOCK_MS):  # only a file ends
            score = result.confidence
            if score > highest:
                highest = score
            if result.keyword_detected:
                not_usual(score / (1.0001 - score), result.keyword, result.scores[result.label])
    except KeyboardInterrupt:
        pass
    seconds = net.counters()["samples"] / net.sample_rate
    if seconds:
        print(
            "%.1f s of audio, highest score %.2f, %.3f M %s per second, %d overruns"
            % (seconds, highest, (liquid_audio.clock() - start) / seconds / 1e6, liquid_audio.CLOCK, mic.overruns)
        )


def main():
    global net, mic
    try:
        net = liquid_audio.LNN.load(MODEL)
        if not net.labels[0].endswith(" Hz"):
            raise ValueError("%s is no model of liquid-train anomaly" % MODEL)
        mic = liquid_audio.Mic(rate=net.sample_rate, block=net.sample_rate * BLOCK_MS // 1000)
    except (OSError, ValueError, MemoryError) as error:
        print(error)
        if getattr(error, "errno", 0) == 2:  # ENOENT
            print("send it there: liquid-upload device/models/anomaly.lnn")
        return
    listen()


main()
