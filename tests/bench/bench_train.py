# SPDX-License-Identifier: MIT
"""What training costs on this machine: the keyword recipe on generated clips, batches made beside it as in a real run."""

import importlib.util
import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

WARM_UP, STEPS = 6, 16  # the loader holds six batches ahead


def measure() -> list[dict]:
    if importlib.util.find_spec("torch") is None:
        return []
    done = subprocess.run([sys.executable, __file__], stdout=subprocess.PIPE, text=True, check=True)
    said = json.loads(done.stdout)
    return [
        {"metric": "train_epoch_seconds_per_1000_clips", "board": "host", "value": said["seconds"], "unit": "s"},
        {"metric": "train_peak_mb", "board": "host", "value": said["peak_mb"], "unit": "MB"},
        *(
            {"metric": f"train_sequences_{name}", "board": "host", "value": value, "unit": "per CPU second"}
            for name, value in said["sequences"].items()
        ),
    ]


def make_words(root: pathlib.Path) -> None:
    """Two words, another word and noise in the layout of Speech Commands; 60 speakers."""
    from liquid_audio_nets.audio import write_wav

    rng = np.random.default_rng(0)
    for name, hz in (("yes", 400), ("no", 1000), ("tree", 2500), ("_background_noise_", 0)):
        (root / name).mkdir()
        for k in range(60 if hz else 1):
            seconds = np.arange(16000 if hz else 160_000) / 16000
            signal = 9000 * np.sin(2 * np.pi * hz * seconds) * (np.abs(seconds - 0.5) < 0.2) + rng.normal(
                0, 90, len(seconds)
            )
            write_wav(root / name / f"{k:08x}_nohash_0.wav", signal.astype(np.int16))


def train_a_little(folder: pathlib.Path) -> dict:
    from liquid_audio_nets.training.loop.loader import batches
    from liquid_audio_nets.training.loop.memory import keep_freed_memory
    from liquid_audio_nets.training.loop.threads import use_threads
    from liquid_audio_nets.training.settings import recipe as recipes
    from liquid_audio_nets.training.tasks.registry import make_task

    recipe = recipes.load(
        "keywords", [("data.labels", ["yes", "no", "_unknown_", "_silence_"]), ("data.synthetic", 0), ("data.say", [])]
    )
    use_threads(recipe["train"]["threads"])
    keep_freed_memory()
    task = make_task(recipe, folder, folder / "cache", lambda text: None)
    task.prepare()
    trainer, size, at = task.trainer(), recipe["train"]["batch"], []
    trainer.fit(batches(task.batch, size, 0, WARM_UP + STEPS, seed=1), lambda *_: at.append(time.monotonic()))
    task.evaluate(trainer)
    peak = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    seconds = round((at[-1] - at[WARM_UP - 1]) / (STEPS * size) * 1000, 3)
    return {"seconds": seconds, "peak_mb": round(peak / 1024), "sequences": sequences_per_cpu_second(task)}


def sequences_per_cpu_second(task) -> dict[str, int]:
    """Of four seeds, trained one after the other and at once, the making of the batches included, for two sizes of batch."""
    from liquid_audio_nets.training.loop.crowd import Crowd

    found = {}
    for size in (256, 32):
        for name, seeds in (("one_by_one", 1), ("of_4_seeds_at_once", 4)):
            crowd, steps = Crowd.of(task.trainer(), task.metric, seeds, []), 2 * 256 // size
            crowd.train_step(task.batch(size, 0))
            began = time.process_time()
            for step in range(steps):
                crowd.train_step(task.batch(size, 1 + step))
            found[f"{name}_batch_{size}"] = round(steps * size * seeds / (time.process_time() - began))
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        make_words(pathlib.Path(scratch))
        sys.stdout.write(json.dumps(train_a_little(pathlib.Path(scratch))))
