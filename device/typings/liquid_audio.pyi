"""The native module of boards. Checked against the module itself by tests/device/test_typings.py."""

import sys
from typing import Any, Iterator, Union

Buffer = Union[bytes, bytearray, memoryview, Any]
"""int16 samples: array('h'), or bytes of an even number, little-endian."""

CLOCK: str
"""Unit of clock() and of the times in LNN.counters(): "instructions" on virtual boards, else "cycles"."""

def clock() -> int:
    """Work done so far, in CLOCK; time slept in Mic.readinto() and time.sleep() does not count."""

class Result:
    """What the last block brought: one object a model, filled again by each process()."""

    keyword_detected: bool
    """A label passed its threshold within this block."""
    is_speech: bool
    """The gate is open and the likeliest label is not the idle one."""
    keyword: str
    """The label detected in this block, else the likeliest one; task anomaly: the band furthest from what was expected."""
    label: int
    """Index of keyword in LNN.labels."""
    confidence: float
    """Posterior of keyword, 0 to 1; task anomaly: s / (1 + s), s the error in units of the limit of what is normal."""
    scores: tuple[float, ...]
    """Posterior of every label; task anomaly: each band's part of the error."""
    timestep: float
    """The policy's choice for the next step, s."""
    energy: float
    """RMS of the last tick, full scale 1."""
    flux: float
    """Spectral flux of the last step."""
    complexity: float
    """What the policy saw last, in the unit of its metric."""
    steps: int
    """Steps of the cells since the reset."""

class Thresholds:
    """Posterior at which a label is detected, by name or index; 0: never."""

    def __getitem__(self, label: Union[str, int]) -> float: ...
    def __setitem__(self, label: Union[str, int], threshold: float) -> None: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[float]: ...

class LNN:
    """A loaded model. Policy fields may be written while it runs; an impossible policy raises ValueError."""

    labels: tuple[str, ...]
    sample_rate: int
    """Hz"""
    ram_bytes: int
    model_bytes: int
    thresholds: Thresholds
    policy: dict[str, Any]
    """All fields below, to read."""

    min_timestep: float
    """s; also how often the energy is looked at"""
    max_timestep: float
    """s, while the gate is open"""
    hold: float
    """s that the gate stays open after the last loud tick"""
    energy_threshold: float
    """RMS that opens the gate, full scale 1"""
    gate_close_ratio: float
    attack_threshold: float
    release_threshold: float
    release_growth: float
    background_rise_per_s: float
    complexity: str
    """"energy", "spectral_flux" or "zero_crossings" """

    def __init__(self, source: Union[str, Buffer]) -> None: ...
    @staticmethod
    def load(source: Union[str, Buffer]) -> "LNN":
        """From a path (read once) or a buffer (used in place, kept alive).

        Raises OSError where the file cannot be read, ValueError "NAME: reason" for a bad model.
        """
    @staticmethod
    def from_file(source: Union[str, Buffer]) -> "LNN": ...
    def process(self, block: Buffer) -> Result:
        """Takes int16 samples of any number and runs the steps that fall due; allocates nothing.

        Raises TypeError for samples that are not int16, ValueError for an odd number of bytes.
        """
    def detect_activity(self, block: Buffer) -> Result:
        """process() for those who want is_speech."""
    def listen(self, mic: "Mic", block_ms: int = 20) -> Iterator[Result]:
        """Waits for block after block and processes each, lost audio included; ends with a file. Allocates nothing once it
        runs. mic: a Mic, or what has its rate, lost and readinto(). Raises ValueError where its rate is not the model's."""
    def skip(self, lost_samples: int) -> None:
        """Audio was lost: the next step's dt is larger by that."""
    def step(self, features: Any, dt_s: float) -> tuple[float, ...]:
        """A step without audio, dt_s after the last: array('f') of the model's inputs in, its outputs out. For models of
        task series a row of numbers in, and what the first of them, those of labels, will be, out."""
    def set_adaptive_config(self, **fields: Any) -> None:
        """Several policy fields at once; times in seconds. Raises TypeError for an unknown field."""
    def counters(self, clear: bool = False) -> dict[str, int]:
        """Where the work went: samples, ticks, gated_ticks, frontend_runs, steps, detections,
        skipped_macs, and in CLOCK gate_time, frontend_time, cell_time, readout_time."""
    def reset(self) -> None:
        """Back to the state after loading; policy, thresholds and counters stay."""
    def selftest(self) -> float:
        """Runs the model's golden vectors; the largest difference of a logit. Raises ValueError."""
    def deinit(self) -> None: ...
    def __enter__(self) -> "LNN": ...
    def __exit__(self, *_: Any) -> None: ...

class Mic:
    """The microphone. On a virtual board: a wav file of the host, at the pace of the board's clock."""

    rate: int
    """Hz"""
    overruns: int
    """Times that audio was lost because nobody read it."""
    lost: int
    """Samples lost right before the last block: LNN.skip() takes them."""

    def __init__(self, path: Union[str, None] = None, rate: int = 16000, block: int = 320) -> None:
        """path: of the virtual board's wav; rate 0: as fast as possible; block: samples of a driver buffer.

        Raises OSError (no such file, no microphone), ValueError (not a 16-bit mono wav of that rate).
        """
    def readinto(self, block: Buffer) -> int:
        """Waits for audio and fills the block; samples read, fewer at a file's end, then 0."""
    def deinit(self) -> None: ...
    def __enter__(self) -> "Mic": ...
    def __exit__(self, *_: Any) -> None: ...

    if sys.platform == "zephyr":
        restarts: int
        """Times that the driver was started again because it failed or fell silent."""
        time_us: int
        """Uptime at the first sample of the last block."""

        def __init__(
            self,
            path: Union[str, None] = None,
            rate: int = 16000,
            block: int = 320,
            *,
            gain: float = 1,
            channel: int = 0,
        ) -> None:
            """gain: a factor, up to 255; channel: 0 left, 1 right.  OSError(ENODEV, node): no microphone."""
        def start(self) -> None:
            """Starts to capture; the first readinto() does, too. Who starts last has the microphone."""
        def stop(self) -> None:
            """Powers the receiver down and drops what was not read."""

if sys.platform == "zephyr":
    def baked_model() -> memoryview:
        """The .lnn file in flash, for LNN.load(); where the firmware was built with one."""
    def lightsleep(time_ms: int) -> None:
        """Sleeps as deep as the board can while no microphone captures; its serial port may be deaf meanwhile."""
    def slept_us() -> int:
        """Microseconds that the processor slept since boot."""
