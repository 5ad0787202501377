# SPDX-License-Identifier: MIT
"""Both fuzzers of the C core: builds, seeds, runs and counts.  `make fuzz` runs it; so does test_fuzz.py, for a minute.

bytes: a file is changed byte by byte; length and CRC are repaired, so that the changes get behind them.
structure: a generator makes legal and nearly legal models of every kind, then audio, gaps and new settings for them.
"""

from __future__ import annotations

import itertools
import re
import resource
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/fuzz"
sys.path[:0] = [str(ROOT / "tests/support"), str(HERE)]

from format_table import c_table  # noqa: E402
from liquid_audio_nets.lnn import write  # noqa: E402  (the tests' own modules need the path)
from small_model import tiny_anomaly_model  # noqa: E402
from verdicts import KINDS  # noqa: E402

CORE = sorted((ROOT / "cmodule/core").glob("*.c"))
GENERATOR = [HERE / "generator.c", HERE / "records.c", HERE / "draw.c"]
SOURCES = {"bytes": [HERE / "fuzz_bytes.c"], "structure": [HERE / "fuzz_structure.c", *GENERATOR]}
CLANG = [
    "clang",
    "-std=c99",
    "-g",
    "-O1",
    "-Wall",
    "-Wextra",
    "-fsanitize=fuzzer,address,undefined,float-cast-overflow",
]
# What the fuzzer of models found once, as seeds: more points than an FFT may have, in a window of logmel_s16; a grid
# that the generator had no room for.
FOUND = [
    bytes.fromhex("4000007fffffff7ef391a3b26000242f3a45505b660000"),
    bytes.fromhex(
        "0101020002bfbfbfbfbfbfbfbfbfbfbfbf00010137424d58636e79848fd6e1ecf7020d18232e39444f5a65707b86919ca7b2bdc8d3dee9f4ff0a15202b36414c57626d78838e99a4afbac5d0dbe6f1fc07121d28333e4954"
    ),
]
# Its limits are in real time, which on a busy machine says nothing; exercise.h limits the processor's.
NO_CLOCK = ["-timeout=1000000", "-report_slow_units=1000000"]
MAX_INPUT_BYTES = {"bytes": 16384, "structure": 1024}
INTERRUPTED = 72  # what a fuzzer exits with after Ctrl-C


@dataclass
class Result:
    """What a fuzzer did.

    seconds, cpu_seconds: how long it ran, and how much of that a processor worked for it.  lines, branches: the share of
    cmodule/core that its corpus reaches.  findings: files that fail.  interrupted: somebody stopped it before its time.
    """

    name: str
    executions: int
    seconds: int
    cpu_seconds: float
    lines: float
    branches: float
    findings: list[Path]
    words: str
    interrupted: bool

    def __str__(self) -> str:
        found = ", ".join(map(str, self.findings)) or "none"
        reached = f"{self.lines:.1%} of the lines and {self.branches:.1%} of the branches of cmodule/core"
        took = f"{self.seconds} s ({self.cpu_seconds:.0f} s of processor time)"
        early = ", interrupted" if self.interrupted else ""
        return f"{self.name}: {self.executions:,} executions in {took}{early}, {reached}; findings: {found}"


def include(folder: Path) -> list[str]:
    """The options for a program of this folder, with table.h written to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "table.h").write_text(c_table())
    places = (folder.resolve(), HERE, ROOT / "tests/format", ROOT / "cmodule/include", ROOT / "cmodule/core")
    return [f"-I{place}" for place in places]


def compile_c(command: list[str], parts: list[Path], target: Path) -> Path:
    """Raises AssertionError with the compiler's words."""
    command = [*command, *map(str, parts), "-o", str(target.resolve()), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=target.parent)
    assert done.returncode == 0, done.stderr[-4000:]
    return target


def build_generator(build: Path) -> Path:
    """The program of generate.c."""
    command = ["gcc", "-std=c99", "-O2", "-D_GNU_SOURCE", *include(build)]
    return compile_c(command, [HERE / "generate.c", *GENERATOR, *CORE], build / "generate")


def generate(
    program: Path, folder: Path, seed: int, count: int, most_bytes: int = 8192, legal: bool = True
) -> list[Path]:
    """Models of all kinds, as files in `folder`.  legal: otherwise half of them have faults."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [program, str(seed), str(count), str(most_bytes), folder, *([] if legal else ["nearly"])], check=True
    )
    return sorted(folder.glob("*.lnn"))


def write_seeds(corpus: Path, build: Path, name: str) -> None:
    """A seed for every kind of model."""
    corpus.mkdir(parents=True, exist_ok=True)
    if name == "bytes":
        for make in (*KINDS.values(), tiny_anomaly_model):
            (corpus / make.__name__).write_bytes(b"\x01" + write(make()))
        for path in generate(build_generator(build), build / "seeds", 1, 40, 2048):
            (corpus / path.stem).write_bytes(b"\x01" + path.read_bytes())
        return
    # small or large; front-end; integers; task; cells; traces; liquid readout: the first choices of generator.c
    kinds = itertools.product((0, 1), range(4), range(2), (0, 2, 4), (0, 1), (0, 1), (0, 1))
    for k, kind in enumerate(kinds):
        rest = bytes((37 * k + 11 * i) % 256 for i in range(120))
        (corpus / f"seed{k:03}").write_bytes(bytes(kind[:1]) + b"\1" + bytes(kind[1:]) + rest)
    for k, found in enumerate(FOUND):
        (corpus / f"found{k:03}").write_bytes(found)


def start(name: str, build: Path, seconds: int) -> subprocess.Popen[str]:
    """Builds a fuzzer under sanitizers and starts it on its corpus, which it keeps for the next time."""
    options = [*CLANG, "-fno-sanitize-recover=all", *include(build)]
    fuzzer = compile_c(options, [*SOURCES[name], *CORE], build / f"fuzz-{name}")
    corpus = build / f"corpus-{name}"
    write_seeds(corpus, build, name)
    command = [fuzzer, f"-max_total_time={seconds}", f"-max_len={MAX_INPUT_BYTES[name]}", "-print_final_stats=1"]
    command += [f"-artifact_prefix={build}/finding-{name}-", *NO_CLOCK, "-verbosity=0", corpus]
    return subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def coverage(name: str, build: Path) -> tuple[float, float]:
    """The shares of lines and branches of the core that a corpus reaches, as gcov counts them."""
    place = build / f"coverage-{name}"
    options = ["gcc", "-std=c99", "-g", "-O0", "--coverage", *include(place)]
    replay = compile_c(options, [*SOURCES[name], HERE / "replay.c", *CORE], place / "replay")
    for data in place.glob("*.gcda"):
        data.unlink()
    inputs = sorted((build / f"corpus-{name}").iterdir())
    for at in range(0, len(inputs), 1000):
        subprocess.run([replay, *inputs[at : at + 1000]], check=True, cwd=place)
    said = subprocess.run(
        ["gcov", "--no-output", "--branch-probabilities", *map(str, place.glob("*.gcda"))],
        capture_output=True, text=True, cwd=place, check=True,
    ).stdout  # fmt: skip
    totals = {"Lines": [0.0, 0], "Taken at least once": [0.0, 0]}
    for part in said.split("\n\n"):
        if re.match(rf"File '(\S*/cmodule/core/|{ROOT}/cmodule/core/)\w+\.[ch]'", part.strip()):
            for what, percent, count in re.findall(r"^(Lines|Taken at least once)[^:]*:([\d.]+)% of (\d+)", part, re.M):
                totals[what][0] += float(percent) / 100 * int(count)
                totals[what][1] += int(count)
    lines, branches = (hit / max(total, 1) for hit, total in totals.values())
    return lines, branches


def finish(process: subprocess.Popen[str]) -> str:
    """What a fuzzer says until it ends by itself, or by Ctrl-C here."""
    try:
        return process.communicate()[0]
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)  # a terminal has told it already, `kill` has not
        return process.communicate()[0]


def fuzz(build: Path, seconds: int) -> list[Result]:
    """Runs both fuzzers side by side for that time, or until Ctrl-C."""
    build.mkdir(parents=True, exist_ok=True)
    for old in build.glob("finding-*"):
        old.unlink()
    began = time.monotonic()
    running = {name: start(name, build, seconds) for name in SOURCES}
    ended = []
    try:
        for name, process in running.items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            words = finish(process)
            if process.returncode == INTERRUPTED:
                for other in running.values():
                    other.send_signal(signal.SIGINT)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            ended.append((name, process.returncode, words, cpu_seconds, round(time.monotonic() - began)))
    finally:
        for process in running.values():  # none may go on alone for the rest of its time
            process.kill()
    return [result(build, *row) for row in ended]


def result(build: Path, name: str, code: int, words: str, cpu_seconds: float, seconds: int) -> Result:
    """Of a fuzzer that ended with this exit code and these words."""
    executions = re.search(r"number_of_executed_units:\s*(\d+)", words)
    findings = sorted(build.glob(f"finding-{name}-*"))
    if code not in (0, INTERRUPTED) and not findings:
        findings = [build / f"fuzz-{name}"]  # it did not even start
    reached = coverage(name, build) if not findings else (0.0, 0.0)
    ran = int(executions[1]) if executions else 0
    return Result(name, ran, seconds, cpu_seconds, *reached, findings, words, code == INTERRUPTED)


if __name__ == "__main__":
    found = fuzz(ROOT / "build/fuzz", int(sys.argv[1]))
    for one in found:
        if one.findings:
            print(one.words[-6000:])
    print(*found, sep="\n")
    sys.exit(any(one.findings or not one.executions for one in found))
