# SPDX-License-Identifier: MIT
"""Hardware in the loop: clips on a board, compared bit for bit with the host, with latency, cycles and power."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np

from ..audio.dataset import Clip, Dataset
from ..audio.files import SAMPLE_RATE_HZ, AudioError
from ..devices import connect, named
from ..errors import LiquidWarning
from ..link import Link, LinkError, RemoteError, VerificationError, upload
from ..link.errors import BoardError
from ..lnn import read
from ..lnn.arrays import Array
from ..native import LNN
from ..power import waits_s
from .clips import chosen, folder_of
from .on_device import Cost, Outcome, Twin, listen_there, prepare, run_here, run_there
from .power_there import NO_METER, MeterError, is_file, measured_mw, meter_name
from .results import ClipOutcome, Results

CLIPS = 50
MOST_SECONDS = 1.0  # longer clips are cut, because a board holds one
TRIES, BETWEEN_S = 5, 1.0  # after a lost connection
FLOAT_TOLERANCE = 1e-4  # of full scale, DESIGN.md


class HILTester:
    """A model on a board.

    device: a serial port, the name of a virtual board (qemu_m4f) or of a real one (nucleo-f446re), which is found by its
    USB ids, or "auto".  model: an .lnn file.  transport: "mpremote" or "ampy".  meter: of power, as liquid-profile takes it;
    None for the one that the variable LIQUID_METER names.  supply_v: if the meter measures no voltage.  folder: where the
    model lies on the board.
    Raises OSError if the model cannot be read, LnnError if it is not valid."""

    def __init__(
        self,
        device: str = "auto",
        model: str | os.PathLike[str] = "keywords.lnn",
        *,
        transport: str = "mpremote",
        meter: str | None = None,
        supply_v: float | None = None,
        folder: str = "models",
    ):
        self.device, self.model, self.transport = device, Path(model), transport
        self.content = self.model.read_bytes()
        with LNN(self.content) as lnn:
            if lnn.sample_rate != SAMPLE_RATE_HZ:
                raise AudioError(
                    f"{model} needs {lnn.sample_rate} Hz, but recordings are read at {SAMPLE_RATE_HZ} Hz only"
                )
            self.labels = lnn.labels
        self.meter, self.supply_v = meter_name(meter), supply_v
        self.path = str(PurePosixPath(folder) / self.model.name)
        self._link: Link | None = None

    def run_tests(
        self,
        test_dataset: str | os.PathLike[str] = "google_speech_commands",
        measure_power: bool = False,
        measure_latency: bool = False,
        *,
        clips: int = CLIPS,
        split: str | None = None,
        progress: Callable[[], None] = lambda: None,
    ) -> Results:
        """Uploads the model unless the board has it, and plays clips there and here.

        test_dataset: a folder with a folder per word, or google_speech_commands.  clips: at most so many, spread over the
        labels.  split: None takes clips for testing, or if there are none those for validation, or all.
        Without a meter the power stays None, and a LiquidWarning says why.
        Raises AudioError without such a data set, LinkError if there is no such board or it stays lost, BoardError if its
        firmware cannot run the model, MeterError if the meter fails."""
        return self.run(
            chosen(self.content, self.labels, folder_of(test_dataset), clips, split),
            measure_power,
            measure_latency,
            progress,
        )

    def run(
        self,
        dataset: Dataset,
        measure_power: bool = False,
        measure_latency: bool = False,
        progress: Callable[[], None] = lambda: None,
    ) -> Results:
        """The same with given clips."""
        tolerance = FLOAT_TOLERANCE if read(self.content).cells[0].weight == "float32" else 0.0
        waits: list[Array] = []
        with LNN(self.content) as lnn:
            most = int(MOST_SECONDS * lnn.sample_rate)
            results = Results(self.device, "", "", self.model.name)
            try:
                self._connect(lnn, results)
                for clip, samples in dataset.read():
                    twin = run_here(lnn, samples[:most])
                    there, cost = self._resuming(lnn, results, samples[:most])
                    self._note(results, lnn, clip, twin, there, cost, len(samples[:most]), tolerance)
                    waits += self._waits(twin, cost, lnn) if measure_latency else []
                    progress()
                if not results.clips:
                    raise AudioError(
                        f"{dataset.root}: none of {len(dataset)} clips could be read: {dataset.unreadable[0]}"
                    )
                if measure_power:
                    self._measure_power(results, lnn)
            finally:
                self._disconnect()
        results.waits_s = np.concatenate(waits) if waits else results.waits_s
        if measure_latency and not waits:
            results.remarks.append("latency was not measured: no clip opened the gate, or the board has no clock in us")
        results.remarks += [f"left out: {sentence}" for sentence in dataset.unreadable]
        return results

    def _connect(self, lnn: LNN, results: Results) -> Link:
        """Finds the board, checks its firmware, sends the model unless it is there, and loads it."""
        link = self._link = connect(self.device, self.transport)
        upload(link, self.content, self.path)
        try:
            results.machine = prepare(link, self.path, lnn, int(MOST_SECONDS * lnn.sample_rate))
        except RemoteError as error:
            raise BoardError(f"the board on {link.port} cannot run the model: {error.last_line}") from None
        results.port = link.port
        self._require_right_board(results)
        return link

    def _require_right_board(self, results: Results) -> None:
        """Boards of one maker have the same USB ids; firmware on Zephyr says on which board it runs."""
        board = named(self.device)
        if board is None or not results.machine.startswith("zephyr-"):
            return
        wanted = board.about["zephyr"]["board"].split("/")[0] if board.is_zephyr else board.name
        if wanted not in results.machine:
            raise LinkError(
                f"the board on {results.port} is {results.machine}, not {self.device}: name the port of the right one"
            )

    def _disconnect(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _resuming(self, lnn: LNN, results: Results, samples: Array) -> tuple[Outcome, Cost]:
        """Plays a clip on the board; if the connection is lost, finds the board again and repeats the clip.

        Raises LinkError if it stays lost."""
        for again in range(TRIES):
            try:
                return run_there(self._link or self._connect(lnn, results), samples, lnn.tick_samples)
            except (RemoteError, BoardError, VerificationError):
                raise
            except LinkError:
                self._disconnect()
                if again == TRIES - 1:
                    raise
                results.reconnects += 1
                time.sleep(BETWEEN_S * again)
        raise AssertionError("the loop returns or raises")

    def _note(
        self,
        results: Results,
        lnn: LNN,
        clip: Clip,
        twin: Twin,
        there: Outcome,
        cost: Cost,
        n_samples: int,
        tolerance: float,
    ) -> None:
        here = twin.outcome
        results.clips.append(
            ClipOutcome(
                str(clip.path),
                clip.label,
                lnn.labels[there.label],
                lnn.labels[here.label],
                there.steps,
                here.same(there, tolerance),
                here.difference(there),
                sum(cost.work.values()),
                n_samples / lnn.sample_rate,
            )
        )
        results.steps += there.steps
        results.work.update(cost.work)
        results.unit = cost.unit

    def _waits(self, twin: Twin, cost: Cost, lnn: LNN) -> list[Array]:
        """How long the sounds of a clip waited; none if the board did not say how long its steps took."""
        if len(cost.spent_us) != int(twin.stepped.sum()) or not cost.spent_us:
            return []
        busy_s = np.zeros(len(twin.stepped))
        busy_s[twin.stepped] = np.array(cost.spent_us) * 1e-6
        return [waits_s(twin.opened, twin.stepped, busy_s, lnn.tick_samples / lnn.sample_rate)]

    def _measure_power(self, results: Results, lnn: LNN) -> None:
        if self.meter is None:
            warnings.warn(NO_METER, LiquidWarning, stacklevel=4)
            results.remarks.append(NO_METER)
            return
        board = named(self.device)
        if not is_file(self.meter) and board is not None and board.is_virtual:
            raise MeterError(
                f"{board.name} is a virtual board, which draws no current: leave the power out, or name a trace"
            )
        link, last = self._link, round(results.clips[-1].seconds * lnn.sample_rate)
        if link is None:
            raise LinkError("the connection was lost before the power was measured: try again")
        results.avg_power_mw, results.power_source = measured_mw(
            self.meter,
            self.supply_v,
            lambda seconds: listen_there(link, last, lnn.tick_samples, lnn.sample_rate, seconds),
        )
