# Forecasts a table row by row, as its rows come in; a missing row is only a longer time. Runs unchanged on every board:
#   mpremote run device/series.py
# Use it at the REPL afterwards, or from your own script with numbers from your sensors (mpremote repl):
#   net.step(array("f", [19.5, 4.1, 0]), 300)
from array import array

import liquid_audio

MODEL = "models/series.lnn"  # in the board's file system, by: liquid-upload runs/series/series.lnn
TABLE = (
    "models/series.csv"  # by: mpremote cp series.csv :models/; its first line names the columns, the first is time in s
)

net = None


def milliseconds(seconds):
    """From digits to an int: a float of a small board has seven digits, a time stamp ten."""
    whole, _, part = seconds.strip().partition(".")
    return int(whole) * 1000 + int((part + "000")[:3])


def row(cells, order):
    """Time in ms and the numbers in this order; raises ValueError where one is missing or is no number."""
    values = array("f", [float(cells[i]) for i in order if i < len(cells)])
    if len(cells) != len(order) + 1 or not all(value - value == 0 for value in values):  # nan and inf are none
        raise ValueError
    return milliseconds(cells[0]), values


def rows(path):
    """Yields time in ms and the row's numbers: those that are forecast first, the others in the file's order."""
    with open(path) as file:
        names = [name.strip() for name in file.readline().split(",")]
        for name in net.labels:
            if name not in names:
                raise ValueError("%s has no column %s" % (path, name))
        order = [names.index(name) for name in net.labels]
        order += [i for i in range(1, len(names)) if i not in order]
        for number, line in enumerate(file, 2):
            try:
                time_ms, values = row(line.split(","), order)
            except ValueError:
                if line.strip():
                    print("%s line %d is no row of %d numbers: left out" % (path, number, len(names)))
            else:
                yield time_ms, values


def forecast(time_ms, values, outputs):
    """What to do with a forecast: put your own code here."""
    print(
        "%10d s  %s"
        % (
            time_ms // 1000,
            "  ".join("%s %.2f -> %.2f" % (name, now, then) for name, now, then in zip(net.labels, values, outputs)),
        )
    )


def follow(path=TABLE):
    net.reset()
    start, count, last_ms = liquid_audio.clock(), 0, 0
    try:
        for time_ms, values in rows(path):
            if count and time_ms <= last_ms:
                print("%d s is not later than the row before: left out" % (time_ms // 1000))
                continue
            outputs = net.step(values, (time_ms - last_ms) / 1000 if count else 1)
            forecast(time_ms, values, outputs)
            count, last_ms = count + 1, time_ms
    except KeyboardInterrupt:
        pass
    if count:
        print("%d rows, %.3f M %s per row" % (count, (liquid_audio.clock() - start) / count / 1e6, liquid_audio.CLOCK))


def main():
    global net
    try:
        net = liquid_audio.LNN.load(MODEL)
        follow()
    except (OSError, ValueError, MemoryError) as error:
        print(error)
        if getattr(error, "errno", 0) == 2:  # ENOENT
            print("send them there: liquid-upload runs/series/series.lnn; mpremote cp series.csv :models/")


main()
