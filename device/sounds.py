# Says which of its classes of sounds is heard, a line for each that begins. Runs unchanged on every board:
#   mpremote run device/sounds.py
# Tune it at the REPL afterwards (mpremote repl):
#   net.thresholds["dog_bark"] = 0.4; net.max_timestep = 0.2; listen()
import liquid_audio

MODEL = "models/sounds.lnn"  # in the board's file system, by: liquid-upload device/models/sounds.lnn
BLOCK_MS = 40

net = mic = None


def heard(result):
    """What to do when a class is recognised: put your own code here."""
    print(
        "%8.2f s  %-16s %.2f  energy %.4f"
        % (net.counters()["samples"] / net.sample_rate, result.keyword, result.confidence, result.energy)
    )


def listen():
    net.counters(clear=True)
    start = liquid_audio.clock()
    try:
        for result in net.listen(mic, BLOCK_MS):  # only a file ends
            if result.keyword_detected:
                heard(result)
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
            print("send it there: liquid-upload device/models/sounds.lnn")
        return
    listen()


main()
