# SPDX-License-Identifier: MIT
"""liquid-compare: trains and measures small networks alike and compares them."""

from __future__ import annotations

import json as jsonlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..audio.dataset import SILENCE, Clip, scan
from ..audio.held_out import HELD_OUT_NOISE
from ..evaluation import evaluate, stream_test
from ..evaluation.lost_frames import under_loss
from ..lnn import read
from ..native import LNN
from . import console

if TYPE_CHECKING:
    from rich.progress import Progress

    from ..training.compare.protocol import Comparison
    from ..training.compare.table import Row

LABELS = ("yes", "no", "up", "down", "left", "right", "stop", "go", "_unknown_", "_silence_")
app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command(
    no_args_is_help=True,
    epilog=console.examples(
        "liquid-compare --data recordings --out build/compare --model device/models/keywords.lnn",
        "liquid-compare --data recordings --out build/compare --archs ltc,gru --seeds 1 --steps 500",
        "liquid-compare --data recordings --out build/compare --table",
    ),
)
def compare(
    data: Annotated[
        Path, typer.Option(help="A folder with one folder of sound files per word, or one that holds speech_commands/.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for results, checkpoints, the table and the plots.")] = Path(
        "build/compare"
    ),
    cache: Annotated[
        Path | None, typer.Option(help="Folder of prepared frames that several runs may share. Default: in --out.")
    ] = None,
    archs: Annotated[str | None, typer.Option(help="Networks, separated by commas. Default: all.")] = None,
    seeds: Annotated[str, typer.Option(help="Seeds, separated by commas.")] = "1,2,3",
    steps: Annotated[int | None, typer.Option(help="Batches per run.", min=10)] = None,
    batch: Annotated[int | None, typer.Option(help="Clips per batch.", min=2)] = None,
    model: Annotated[
        list[Path] | None, typer.Option(help="An .lnn file that is measured for the table, too. May be repeated.")
    ] = None,
    bench: Annotated[Path, typer.Option(help="Instruction counts from make bench.")] = Path("build/bench.json"),
    search: Annotated[bool, typer.Option("--search", help="Also search for the learning rates again.")] = False,
    table: Annotated[
        bool, typer.Option("--table", help="Train nothing; make the table and plots from the results that exist.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Train small networks alike, measure them, and write one table with plots.

    The trained networks also hear what training left out as streams, as liquid-test --stream plays it: recall at equal false
    accepts per hour.

    A run whose result is already in the output folder is not repeated, so the same command continues a comparison that
    was interrupted.
    """
    from ..training.compare import page
    from ..training.compare.table import markdown
    from ..training.nets.registry import ARCHS, DROPPING, settings

    names = archs.split(",") if archs else [*ARCHS, f"gru{DROPPING}"]
    for name in names:
        settings(name)  # refuses an unknown network before anything is read
    if table and not any((out / f"{name}-{seed}.json").exists() for name in names for seed in _numbers(seeds)):
        raise console.CommandError(f"{out}: there are no results yet; run without --table first")
    with console.progress_bar() as bar:
        comparison = _comparison(data, out, cache, _numbers(seeds), steps, batch, bar)
        if not table:
            _train(comparison, names, search)
        found = _rows(comparison, names)
        shipped = [_shipped(path, data, bar) for path in model or ()]
    if not found:
        raise console.CommandError(f"{out}: there are no results yet; run without --table first")
    paths = page.write(out, found, shipped, comparison.protocol, _metrics(bench))
    if json:
        return console.print_json(jsonlib.loads(paths[0].read_text()))
    console.out.file.write(markdown(found, shipped))
    for path in paths:
        console.out.print(str(path))


def _comparison(
    data: Path,
    out: Path,
    cache: Path | None,
    seeds: tuple[int, ...],
    steps: int | None,
    batch: int | None,
    bar: Progress,
) -> Comparison:
    from ..training.compare.protocol import Comparison, Protocol
    from ..training.data.frame_store import FrameStore
    from ..training.loop.memory import keep_freed_memory
    from ..training.loop.threads import use_threads
    from ..training.settings import recipe
    from ..training.tasks.registry import make_task

    use_threads(1)
    keep_freed_memory()

    folder = cache or out / "cache"
    line = bar.add_task("preparing sound", total=None)

    def show(done: int, of: int) -> None:
        bar.update(line, completed=done, total=of)

    if not FrameStore.exists(folder):
        task = make_task(recipe.load("keywords", [("data.labels", list(LABELS))]), data, folder, console.note, show)
        task.prepare()
        folder = task.cache
    bar.update(line, description="training")
    usual = Protocol()
    protocol = replace(usual, seeds=seeds, steps=steps or usual.steps, batch=batch or usual.batch)
    return Comparison(FrameStore(folder), LABELS, out, protocol, console.note, show, data)


def _train(comparison: Comparison, names: list[str], search: bool) -> None:
    """Seed by seed, so that an early table already compares all networks."""
    try:
        for name in names if search else ():
            comparison.search(name)
        for seed in comparison.protocol.seeds:
            for name in names:
                comparison.run(name, seed)
                comparison.lost(name, seed)
                comparison.in_rooms(name, seed)
    except KeyboardInterrupt:
        raise console.CommandError(
            f"interrupted; run the same command again to continue with the runs that are missing in {comparison.out}"
        ) from None


def _rows(comparison: Comparison, names: list[str]) -> list[Row]:
    from ..training.compare.table import mean_lost, mean_rooms, rows

    found = rows(comparison.results(names))
    for row in found:
        row.lost = mean_lost([comparison.lost(row.name, seed) for seed in row.seeds])
        row.rooms = mean_rooms([comparison.in_rooms(row.name, seed) for seed in row.seeds])
    return found


def _shipped(path: Path, data: Path, bar: Progress) -> Row:
    """A model file as a row of the table: the C core over the validation split, at the timesteps of its own policy."""
    from ..training.compare.rooms import figures
    from ..training.compare.table import Row

    content = console.read_model_file(path)
    with LNN(content) as lnn:
        labels, parameters, macs = lnn.labels, lnn.info["parameters"], lnn.info["macs_per_step"]
    root = data / "speech_commands" if (data / "speech_commands").is_dir() else data
    dataset = scan(root, labels, "validation")
    dataset.clips = _held_out(dataset.clips)
    line = bar.add_task(path.name, total=2 * len(dataset))
    whole = evaluate(content, dataset, lambda: bar.advance(line))
    lost = under_loss(content, dataset, progress=lambda: bar.advance(line))
    streams = stream_test(content, data, progress=lambda: bar.update(line))
    steps = whole.rate("steps")
    by_loss = {"none": lost.accuracy["its own policy"]} | lost.accuracy
    return Row(
        path.name,
        f"this project's, {len(labels)} labels, int8 by the C core",
        parameters,
        macs,
        steps * macs,
        [whole.accuracy],
        [_seed_of(content)],
        lost={"true dt": by_loss},
        rooms=figures(streams),
        note=f"not of this protocol: its own schedule and optimiser, {steps:.1f} steps per second by its policy",
    )


def _held_out(clips: list[Clip]) -> list[Clip]:
    """Without the background noise that training heard, which is all but the end of each file."""
    last: dict[Path, int] = {}
    for clip in clips:
        last[clip.path] = max(last.get(clip.path, 0), clip.start + (clip.length or 0))
    return [clip for clip in clips if clip.label != SILENCE or clip.start >= (1 - HELD_OUT_NOISE) * last[clip.path]]


def _seed_of(content: bytes) -> int:
    return int(read(content).metadata.get("seed", 0))


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise console.CommandError(f"--seeds {text}: give whole numbers, such as 1,2,3") from None


def _metrics(bench: Path) -> dict[str, float] | None:
    """metric -> value on the virtual Cortex-M4F, from the file that make bench wrote; None without such a file."""
    try:
        return {row["metric"]: row["value"] for row in jsonlib.loads(bench.read_text()) if row["board"] == "qemu_m4f"}
    except (OSError, ValueError, KeyError, TypeError):
        console.err.print(
            console.headed("warning", f"{bench} is missing or not from make bench: no plot of instructions")
        )
        return None


def main() -> None:
    """Entry point of the command."""
    console.run(app)


if __name__ == "__main__":
    main()
