# SPDX-License-Identifier: MIT
"""Nordic's Power Profiler Kit II, through ppk2lab (MIT)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import MeterError
from .interface import Trace

ERROR = 0.10  # Nordic names 10 % for currents from 200 nA up, and typically a few percent


class Ppk2:
    """supply_v: the kit supplies the board with it, 0.8 to 5 V.  None: the board has its own supply, which the kit only
    measures through; supply_of_board_v then says what it is, because the kit measures no voltage.

    simulate: ppk2lab's own simulation, for tests."""

    def __init__(
        self,
        serial_number: str | None = None,
        supply_v: float | None = None,
        supply_of_board_v: float | None = None,
        simulate: bool = False,
    ):
        """Raises MeterError if there is no kit, ModuleNotFoundError without ppk2lab."""
        from ppk2lab import PPK2, Mode, Ppk2labError

        self._errors: type[Exception] = Ppk2labError
        if supply_v is None and supply_of_board_v is None:
            raise MeterError("the PPK2 measures no voltage: name the supply of the board with --supply-v")
        try:
            self._kit: Any = PPK2.open(serial_number=serial_number, simulate=simulate or None)
            self._kit.set_mode(Mode.AMPERE if supply_v is None else Mode.SOURCE)
            if supply_v is not None:
                self._kit.set_source_voltage_mv(round(1000 * supply_v))
            self._kit.set_dut_power(True)
        except Ppk2labError as error:
            raise MeterError(f"PPK2: {error}") from None
        self._supply_v = float(supply_v if supply_v is not None else supply_of_board_v or 0.0)

    def record(self, seconds: float) -> Trace:
        """100,000 samples per second; D0 to D7 are the marks.  Samples that the kit lost are NaN."""
        try:
            capture = self._kit.capture(duration_s=seconds).capture
        except self._errors as error:
            raise MeterError(f"PPK2: {error}") from None
        n, blocks = capture.end_index - capture.start_index, list(capture.iter_events())
        at = np.concatenate([np.arange(b.start_index, b.end_index) for b in blocks if hasattr(b, "words")])
        at -= capture.start_index
        current, marks = np.full(n, np.nan), np.zeros(n, np.uint8)
        current[at] = np.asarray(capture.currents_ua(), float) * 1e-6
        marks[at] = np.frombuffer(capture.logic_bytes(), np.uint8)
        known = np.zeros(n, int)
        known[at] = at
        held = np.maximum.accumulate(known)
        return Trace(float(capture.sample_rate_hz), current, marks[held], self._supply_v, ERROR, "PPK2")

    def close(self) -> None:
        """Frees the kit."""
        self._kit.close(restore_power=False)

    def __enter__(self) -> Ppk2:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
