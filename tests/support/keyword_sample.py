# SPDX-License-Identifier: MIT
"""What cmodule/zephyr/samples/keyword prints, and what the host's C core hears of the same audio."""

import re

from liquid_audio_nets.native import LNN

BLOCK = 320


def host_hears(model, samples):
    """Detections and counters of the host's C core on the same audio."""
    net, heard = LNN.load(model), []
    for at in range(0, len(samples), BLOCK):
        result = net.process(samples[at : at + BLOCK])
        if result.keyword_detected:
            heard.append((result.keyword, int(result.confidence * 10000)))
    return heard, net.counters()


def board_hears(text):
    heard = [
        (word, int(whole) * 100 + int(part))
        for word, whole, part in re.findall(r"^ *\d+ ms (\S+) (\d+)\.(\d\d) %", text, re.M)
    ]
    report = re.search(
        r"report: steps (\d+) gated (\d+) of (\d+) ticks, overruns (\d+), restarts (\d+), lost (\d+)", text
    )
    return heard, dict(
        zip(("steps", "gated_ticks", "ticks", "overruns", "restarts", "lost"), map(int, report.groups()), strict=True)
    )
