# SPDX-License-Identifier: MIT
"""python -m liquid_audio_nets.cli.held_out_speech: hours of sentences in voices that training never uses."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from . import console

app = typer.Typer(add_completion=False, rich_markup_mode="rich")

EXAMPLES = console.examples(
    "python -m liquid_audio_nets.cli.held_out_speech --out held_out/synthetic --hours 3",
    "liquid-test --model computer.lnn --data held_out --stream --split all",
)


@app.command(epilog=EXAMPLES, no_args_is_help=True)
def held_out_speech(
    out: Annotated[Path, typer.Option(help="Folder for the sentences, with a folder per language.")],
    hours: Annotated[float, typer.Option(help="How much speech, with its pauses.", min=0.0001)] = 3.0,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal speech.", min=0)] = 1,
) -> None:
    """Speak sentences in six languages with natural voices that are held out from every training.

    They serve to count false accepts: put the folder beside recordings of your word and play both with liquid-test
    --stream. What was spoken is kept in the user's cache: the same command again goes on where it stopped.
    """
    import soundfile

    from ..audio.files import SAMPLE_RATE_HZ
    from ..audio.held_out_speech import sentences
    from ..audio.speech import NATURAL, prepare

    count: Counter[str] = Counter()
    with console.progress_bar() as bar:
        line = bar.add_task("downloading voices", total=None)
        prepare([NATURAL], lambda done, total: bar.update(line, completed=done, total=total))
        bar.update(line, description="seconds of speech", completed=0, total=round(hours * 3600))
        try:
            for language, samples in sentences(hours * 3600, seed):
                count[language] += 1
                (out / language).mkdir(parents=True, exist_ok=True)
                file = out / language / f"{count[language]:05d}.flac"
                soundfile.write(str(file), samples, SAMPLE_RATE_HZ, subtype="PCM_16")
                bar.advance(line, round(len(samples) / SAMPLE_RATE_HZ))
        except KeyboardInterrupt:
            raise console.CommandError("interrupted; run the same command again to continue where it stopped") from None
    console.out.print(f"{out}: {count.total()} sentences, " + ", ".join(f"{n} {name}" for name, n in count.items()))


def main() -> None:
    """Entry point of the command."""
    console.run(app)


if __name__ == "__main__":
    main()
