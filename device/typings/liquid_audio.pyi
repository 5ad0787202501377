# SPDX-License-Identifier: MIT
"""The native module of boards. tests/device/test_typings.py compares this file with the module itself."""

import sys
from collections.abc import Iterator
from typing import Any

Buffer = bytes | bytearray | memoryview | Any
"""16-bit samples, little-endian: array('h'), bytes, bytearray, or a memoryview of one of these."""

CLOCK: str
"""Unit of clock() and of the times in LNN.counters(): "instructions" on virtual boards, "cycles" on others."""

POWER: str
"""Where LNN.current_power_mw() comes from: "estimated" if the firmware was built with the board's currents, "unknown" if it
was not; then it gives 0."""

def clock() -> int:
    """Work done since the start, in CLOCK. Time asleep in Mic.readinto() and time.sleep() does not count."""

class Result:
    """What the last block brought. Each model has one Result, which every process() fills again."""

    keyword_detected: bool
    """A label passed its threshold within this block."""
    is_speech: bool
    """The gate is open and the likeliest label is not the idle one."""
    keyword: str
    """The label detected in this block; if there is none, the likeliest label.
    Task anomaly: the band that differs most from what was expected."""
    label: int
    """Index of keyword in LNN.labels."""
    confidence: float
    """Posterior of keyword, 0 to 1. Task anomaly: s / (1 + s), where s = 1 is the limit of what is normal."""
    scores: tuple[float, ...]
    """Posterior of every label. Task anomaly: the share of each band in the error."""
    timestep: float
    """The timestep that the policy chose for the next step, in s."""
    energy: float
    """RMS of the last tick; full scale is 1."""
    flux: float
    """Spectral flux of the last step."""
    complexity: float
    """What the policy saw last, in the unit of its measure."""
    steps: int
    """Steps of the cells since the last reset."""

class PerLabel:
    """A number for each label, by name or index.

    Raises KeyError for a label that the model does not have, ValueError for a number outside its range."""

    def __getitem__(self, label: str | int) -> float: ...
    def __setitem__(self, label: str | int, value: float) -> None: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[float]: ...

class LNN:
    """A loaded model. The fields of its timestep policy may be changed while it runs.

    An impossible policy raises ValueError, and the old one stays. After deinit(), every call raises ValueError."""

    labels: tuple[str, ...]
    sample_rate: int
    """Hz"""
    ram_bytes: int
    """RAM that the running model takes."""
    model_bytes: int
    """Size of the .lnn file."""
    model_version: int
    """Counts the releases of a signed model."""
    thresholds: PerLabel
    """The posterior at which each label is detected, 0 to 1; 0 if it is never detected."""
    refractory: PerLabel
    """Seconds after a detection in which the same label is not detected again. Other labels are not affected."""
    policy: dict[str, Any]
    """A copy of all policy fields, which are the attributes below."""

    timetable: dict[str, list[float]] | None
    """A learned policy, with which attack and release do nothing; None: there is none. `complexity` and `evidence` are each
    [low, high, margin], and `timestep_ms` has 18 whole numbers, by 9 loud + 3 complexity + evidence: see the page on power.
    A copy: change it and assign it. Raises ValueError "POLICY" for an impossible one, and the old one stays."""

    # The policy, from cmodule/format/fields.toml. generated:begin policy
    min_timestep: float
    """Smallest timestep, and also the tick: how often the energy is measured. Range in s: 0.001 to max_timestep."""
    max_timestep: float
    """Largest timestep while the gate is open. Range in s: 0.001 to 1."""
    hold: float
    """The gate stays open this long after the last loud tick. Range in s: 0 to 10."""
    complexity: str
    """The measure of the sound that drives the timestep. One of energy, spectral_flux, zero_crossings."""
    energy_threshold: float
    """RMS of a tick that opens the gate; full scale is 1. Range: 0 to 1."""
    gate_close_ratio: float
    """The gate closes below energy_threshold times this. Range: 0 to 1."""
    attack_threshold: float
    """From this complexity on, the timestep is the smallest at once. Range: release_threshold to 1000."""
    release_threshold: float
    """Below this complexity the timestep grows. Range: 0 to 1000."""
    release_growth: float
    """Factor by which the timestep grows per step. Range: 1 to 100."""
    background_rise_per_s: float
    """How fast the noise floor may rise: 1 doubles it within a second. Range: 0 to 1000."""
    floor_ratio: float
    """0: the RMS counts; above 0: only what is not DC or rumble, and it needs this many times the noise floor. Range: 0 to 100."""
    # generated:end
    def __init__(self, source: str | Buffer) -> None:
        """The same as load()."""
    @staticmethod
    def load(source: str | Buffer) -> LNN:
        """Loads an .lnn file from a path, or from a buffer with the whole file.

        A read-only buffer (bytes, a memoryview of bytes, flash or ROM) is used in place and kept alive; a writable
        buffer is copied. Raises OSError if the file cannot be read, ValueError "NAME: reason" if the model is refused,
        MemoryError if there is not enough RAM.
        """
    @staticmethod
    def from_file(source: str | Buffer) -> LNN:
        """The same as load()."""
    def process(self, block: Buffer) -> Result:
        """Takes any number of int16 samples and runs the steps that become due. Allocates nothing.

        Raises TypeError if the samples are not int16, ValueError for an odd number of bytes.
        """
    def detect_activity(self, block: Buffer) -> Result:
        """The same as process(), for programs that want is_speech."""
    def listen(self, mic: Mic, block_ms: int = 20) -> Iterator[Result]:
        """Waits for block after block, tells the network about lost audio, and yields a Result for each block.

        If several labels are detected within one block, it yields a Result for each of them.

        Ends at the end of a recording. Allocates nothing once it runs. mic: a Mic, or any object with `rate`, `lost`
        and `readinto()`. Raises ValueError if its rate is not the model's.
        """
    def events(self) -> list[Any]:
        """Every detection that was not given before, the oldest first: (label, confidence, time_s, timestep, sample), also
        by name.

        The model keeps the newest eight. listen() takes them and yields a Result for each, so events() is for process().
        sample: samples since the last reset, lost audio included, up to the end of the tick that detected it. time_s: the
        same in seconds, which a float of 32 bits holds to 8 ms after a day and to 63 ms after a week."""
    def skip(self, lost_samples: int) -> None:
        """Tells the network that audio was lost. The gap counts as silence, and the dt of the next step includes it."""
    def step(self, features: Any, dt_s: float) -> tuple[float, ...]:
        """One step without audio, dt_s seconds after the last: takes array('f') with the model's inputs, gives its outputs.

        Task series: takes a row of numbers and gives a forecast of the first of them, those named in `labels`.
        Raises ValueError for a wrong array, a number that is not finite, or dt_s that is not above 0.
        """
    def set_adaptive_config(self, **fields: Any) -> None:
        """Sets several policy fields at once; times are in s. Raises TypeError for a name that is not a policy field."""
    def counters(self, clear: bool = False) -> dict[str, int]:
        """Where the work went: samples, ticks, gated_ticks, frontend_runs, steps, detections, lost_events and skipped_macs;
        gate_time, frontend_time, trace_time, cell_time and readout_time in CLOCK. clear: starts to count again from 0."""
    def current_power_mw(self) -> float:
        """Mean power over the last whole second of audio in mW, microphone included, estimated from the counters and the
        board's currents; 0 if liquid_audio.POWER is "unknown". The program around the model does not count."""
    def reset(self) -> None:
        """Returns to the state after loading. Policy, thresholds, refractory times and counters stay."""
    def selftest(self) -> float:
        """Runs the model's golden vectors and returns the largest difference of a logit. Resets the model.

        Raises ValueError "SELFTEST" if a difference is too large, "NO_GOLDEN" if the model has no golden vectors.
        """
    def deinit(self) -> None:
        """Closes the model and lets its memory go."""
    def __enter__(self) -> LNN: ...
    def __exit__(self, *_: Any) -> None: ...

class Mic:
    """The microphone. On a virtual board it is a wav file of the host, played at the pace of the board's clock."""

    rate: int
    """Hz"""
    overruns: int
    """How often audio was lost because the program read too late."""
    lost: int
    """Samples lost right before the last block. LNN.skip() takes them."""

    def __init__(self, path: str | None = None, rate: int = 16000, block: int = 320) -> None:
        """path: a wav file for a virtual board; None: the file that `liquid-board start --audio FILE` named.
        rate: in Hz; 0 plays a file as fast as the program reads. block: samples per buffer of the driver.

        Raises OSError if there is no such file or no microphone, ValueError unless it is 16-bit mono audio of this rate.
        """
    def readinto(self, block: Buffer) -> int:
        """Waits for audio, fills the block and returns the number of samples.

        At the end of a recording it returns fewer, then 0. The next call starts the recording again.
        """
    def deinit(self) -> None:
        """Closes the microphone. A later readinto() raises ValueError."""
    def __enter__(self) -> Mic: ...
    def __exit__(self, *_: Any) -> None: ...

    if sys.platform == "zephyr":
        restarts: int
        """How often the driver was started again because it failed or fell silent."""
        time_us: int
        """Uptime at the first sample of the last block."""

        def __init__(
            self,
            path: str | None = None,
            rate: int = 16000,
            block: int = 320,
            *,
            gain: float = 1,
            channel: int = 0,
        ) -> None:
            """gain: a factor above 0, at most 255. channel: 0 left, 1 right. OSError(ENODEV, node): no microphone."""
        def start(self) -> None:
            """Starts to capture, as the first readinto() does. There is one microphone; the Mic that starts last has it."""
        def stop(self) -> None:
            """Powers the receiver down and drops audio that was not read."""

if sys.platform == "zephyr":
    def baked_model() -> memoryview:
        """The .lnn file in flash, for LNN.load(). Missing if the firmware was built without a model."""
    def lightsleep(time_ms: int) -> None:
        """Sleeps as deep as the board can while no microphone captures. A serial port may lose input meanwhile."""
    def slept_us() -> int:
        """Microseconds that the processor has slept since boot."""
