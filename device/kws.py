# Listens for keywords and prints a line for each. Runs unchanged on every board, real or virtual:
#   mpremote run device/kws.py
# Tune it at the REPL afterwards (mpremote repl):
#   net.thresholds["yes"] = 0.6; net.energy_threshold = 0.002; listen()
import liquid_audio

MODEL = "models/keywords.lnn"  # in the board's file system, by: liquid-upload device/models/keywords.lnn
BLOCK_MS = 32  # a tick of the model

net = mic = None


def report(result, seconds, work):
    """What to do when a word is heard: put your own code here.  work: a second, since the last word."""
    print(
        "%8.2f s  %-8s %.2f  timestep %3d ms  energy %.4f  %.2f M %s/s"
        % (
            seconds,
            result.keyword,
            result.confidence,
            result.timestep * 1000,
            result.energy,
            work / 1e6,
            liquid_audio.CLOCK,
        )
    )


def listen():
    net.counters(clear=True)
    start = clock = liquid_audio.clock()
    samples = 0
    try:
        for result in net.listen(mic, BLOCK_MS):  # only a file ends
            if result.keyword_detected:
                clock_before, samples_before = clock, samples
                clock, samples = liquid_audio.clock(), net.counters()["samples"]
                report(
                    result,
                    samples / net.sample_rate,
                    (clock - clock_before) / (samples - samples_before) * net.sample_rate,
                )
    except KeyboardInterrupt:
        pass
    seconds = net.counters()["samples"] / net.sample_rate
    if seconds:
        print(
            "%.1f s of audio, %.3f M %s per second, %d overruns"
            % (seconds, (liquid_audio.clock() - start) / seconds / 1e6, liquid_audio.CLOCK, mic.overruns)
        )


def load():
    try:
        return liquid_audio.LNN.load(MODEL)
    except OSError:
        if not hasattr(liquid_audio, "baked_model"):
            raise
        return liquid_audio.LNN.load(liquid_audio.baked_model())  # a board without a file system has it in its firmware


def main():
    global net, mic
    try:
        net = load()
        mic = liquid_audio.Mic(rate=net.sample_rate, block=net.sample_rate * BLOCK_MS // 1000)
    except (OSError, ValueError, MemoryError) as error:
        print(error)
        if getattr(error, "errno", 0) == 2:  # ENOENT
            print("send it there: liquid-upload device/models/keywords.lnn")
        return
    listen()


main()
