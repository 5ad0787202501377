# SPDX-License-Identifier: MIT
# Shows what a network hears in one line that changes, while you tune it. `mpremote cp device/tune.py :`, then at the prompt:
#   import liquid_audio, tune; net = liquid_audio.LNN.load("models/computer.lnn"); mic = liquid_audio.Mic(rate=net.sample_rate)
#   tune.live(net, mic)
# While it runs, type a line such as net.thresholds["computer"] = 0.8 and press Enter: the network has it at once. Ctrl-C ends it.
import math
import sys

try:
    import select
except ImportError:
    select = None  # type: ignore  # then press Ctrl-C, change the field, and call live() again
BAR = 12  # characters from -72 dB to full scale
BLOCKS = 5  # of 20 ms between two lines


def state(net, heard, before):
    """The line. before: the counters at the last one."""
    now, level = net.counters(), 20 * math.log10(heard.energy + 1e-6)
    bar = max(0, min(BAR, int(BAR + level / 6)))
    is_open = now["gated_ticks"] - before["gated_ticks"] < now["ticks"] - before["ticks"]
    before.update(now)
    return "%7.1f s  %s %4d dB  gate %-6s  timestep %3d ms  %s %.3f of %.3f" % (
        now["samples"] / net.sample_rate,
        "#" * bar + "." * (BAR - bar),
        level,
        "open" if is_open else "closed",
        1000 * heard.timestep,
        heard.keyword,
        heard.confidence,
        net.thresholds[heard.label],
    )


def typed(keyboard, line):
    """line with what was typed since."""
    while keyboard and keyboard.poll(0):
        key = sys.stdin.read(1)
        line = line[:-1] if key in "\b\x7f" else line + key
        if key in "\r\n":
            break
    return line


def obey(line, names):
    """Runs a line of Python; an expression is printed."""
    print("\r\x1b[K>>> " + line)
    try:
        try:
            value = eval(line, names)
        except SyntaxError:
            value = exec(line, names)
        if value is not None:
            print(value)
    except Exception as error:
        print("%s: %s" % (type(error).__name__, error))


def live(net, mic):
    """Listens until the recording ends or Ctrl-C is pressed. In a typed line the network is `net` and the microphone `mic`."""
    net.counters(clear=True)
    blocks, line, before, names = 0, "", net.counters(), {"net": net, "mic": mic}
    keyboard = select.poll() if select else None
    if keyboard:
        keyboard.register(sys.stdin, 1)  # POLLIN
    try:
        for heard in net.listen(mic):
            blocks += 1
            if heard.keyword_detected:
                seconds = net.counters()["samples"] / net.sample_rate
                print("\r\x1b[K%7.1f s  %s %.3f" % (seconds, heard.keyword, heard.confidence))
            line = typed(keyboard, line)
            if line[-1:] in ("\r", "\n"):
                obey(line.strip(), names)
                line = ""
            if blocks % BLOCKS == 0:
                print("\r" + state(net, heard, before) + "  > " + line + "\x1b[K", end="")
    except KeyboardInterrupt:
        pass
    print()
