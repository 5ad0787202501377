# Waits for a wake word and prints a line each time it hears it. Runs unchanged on every board, real or virtual:
#   mpremote run device/wake.py
# Tune it at the REPL afterwards (mpremote repl); a lower threshold misses less and wakes by mistake more often:
#   net.thresholds["computer"] = 0.8; listen()
import liquid_audio

MODEL = "models/computer.lnn"  # in the board's file system, by: liquid-upload device/models/computer.lnn
BLOCK_MS = 20

net = mic = None


def woken(word, confidence):
    """What to do when the word was said: put your own code here."""
    print("%8.2f s  %s %.3f" % (net.counters()["samples"] / net.sample_rate, word, confidence))


def listen():
    net.counters(clear=True)
    start = liquid_audio.clock()
    try:
        for result in net.listen(mic, BLOCK_MS):  # only a file ends
            if result.keyword_detected:
                woken(result.keyword, result.confidence)
    except KeyboardInterrupt:
        pass
    seconds = net.counters()["samples"] / net.sample_rate
    if seconds:
        print(
            "%.1f s of audio, %.3f M %s per second, %d overruns"
            % (seconds, (liquid_audio.clock() - start) / seconds / 1e6, liquid_audio.CLOCK, mic.overruns)
        )


def main():
    global net, mic
    try:
        net = liquid_audio.LNN.load(MODEL)
        mic = liquid_audio.Mic(rate=net.sample_rate, block=net.sample_rate * BLOCK_MS // 1000)
    except (OSError, ValueError, MemoryError) as error:
        print(error)
        if getattr(error, "errno", 0) == 2:  # ENOENT
            print("send it there: liquid-upload device/models/computer.lnn")
        return
    listen()


main()
