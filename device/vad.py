# Says when somebody begins to speak and when they have stopped, to wake something bigger. Runs on every board:
#   mpremote run device/vad.py
# Tune it at the REPL afterwards (mpremote repl):
#   threshold = 0.7; hold_ms = 500; listen()
import liquid_audio

MODEL = "models/vad.lnn"  # in the board's file system, by: liquid-upload device/models/vad.lnn
BLOCK_MS = 20

threshold = 0.5  # 0.5 to 1: posterior of speech from which somebody speaks
hold_ms = 300  # speech ends after so long without any, so that pauses between words do not count
net = mic = None


def changed(speaking):
    """What to do when speech begins or has ended: put your own code here."""
    print("%8.2f s  %s" % (net.counters()["samples"] / net.sample_rate, "speech" if speaking else "quiet"))


def listen():
    net.counters(clear=True)
    start, left_ms = liquid_audio.clock(), 0
    try:
        for result in net.listen(mic, BLOCK_MS):  # only a file ends
            was_speaking = left_ms > 0
            if result.is_speech and result.confidence >= threshold:
                left_ms = hold_ms
            elif left_ms:
                left_ms = max(left_ms - BLOCK_MS, 0)
            if was_speaking != (left_ms > 0):
                changed(left_ms > 0)
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
            print("send it there: liquid-upload device/models/vad.lnn")
        return
    listen()


main()
