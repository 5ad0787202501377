# SPDX-License-Identifier: MIT
# Forecasts a table row by row. The time between rows may vary, so a missing row is only a longer time. Runs on every board:
#   mpremote run device/series.py
# Afterwards you can forecast at the REPL (mpremote repl), or in your own script, with numbers from your sensors:
#   net.step(array("f", [19.5, 4.1, 0]), 300)  # 300 s after the row before
from array import array

import liquid_audio

MODEL = "models/series.lnn"  # on the board; `liquid-upload runs/series/series.lnn` sends it there
TABLE = "models/series.csv"  # `mpremote cp series.csv :models/`; line 1 names the columns, column 1 is the time in s


def on_forecast(time_ms, values, outputs):
    """Called for each row and what the next row is expected to be: put your own code here."""
    pairs = ["%s %.2f -> %.2f" % (name, now, then) for name, now, then in zip(net.labels, values, outputs)]
    print("%10d s  %s" % (time_ms // 1000, "  ".join(pairs)))


def milliseconds(seconds):
    """An int from decimal digits, because a float on a small board holds seven digits and a time stamp has ten."""
    whole, _, part = seconds.strip().partition(".")
    return int(whole) * 1000 + int((part + "000")[:3])


def row(cells, order):
    """The time in ms and the numbers in this order. Raises ValueError if a number is missing or not finite."""
    values = array("f", [float(cells[i]) for i in order if i < len(cells)])
    if len(cells) != len(order) + 1 or not all(value - value == 0 for value in values):  # false for nan and inf
        raise ValueError
    return milliseconds(cells[0]), values


def rows(path):
    """Yields the time in ms and the numbers of each row: first the columns that are forecast, then the others."""
    with open(path) as file:
        names = [name.strip() for name in file.readline().split(",")]
        for name in net.labels:
            if name not in names:
                raise ValueError("%s has no column %s" % (path, name))
        order = [names.index(name) for name in net.labels]
        order += [i for i in range(1, len(names)) if i not in order]
        for number, line in enumerate(file, 2):
            try:
                yield row(line.split(","), order)
            except ValueError:
                if line.strip():
                    print("%s line %d is not a row of %d numbers: left out" % (path, number, len(names)))


def follow(path=TABLE):
    """Forecasts every row of a table, then prints what that cost."""
    net.reset()
    start, count, last_ms = liquid_audio.clock(), 0, 0
    try:
        for time_ms, values in rows(path):
            if count and time_ms <= last_ms:
                print("%d s is not later than the row before: left out" % (time_ms // 1000))
                continue
            on_forecast(time_ms, values, net.step(values, (time_ms - last_ms) / 1000 if count else 1))
            count, last_ms = count + 1, time_ms
    except KeyboardInterrupt:
        pass
    work = (liquid_audio.clock() - start) / 1e6 / (count or 1)
    print("%d rows, %.3f M %s per row" % (count, work, liquid_audio.CLOCK))


try:
    net = liquid_audio.LNN.load(MODEL)
    follow()
except (OSError, ValueError, MemoryError) as error:
    print(error)
    if getattr(error, "errno", 0) == 2:  # ENOENT
        print("Send both with: liquid-upload runs/series/series.lnn; mpremote cp series.csv :models/")
