"""The model card: what a model is, what it learned from, how well it does."""

from __future__ import annotations

from collections import Counter
from typing import Any

from .cache import FrameStore
from .trainer import LNNTrainer


def model_card(name: str, trainer: LNNTrainer, store: FrameStore, result: dict[str, Any], calibration: dict[str, Any]) -> str:
    """Markdown text; result as LNNTrainer.evaluate gives it, calibration as keywords.calibrate does."""
    config, net = trainer.config, trainer.net
    used = Counter(store.source[store.split == "training"])
    lines = [
        f"# {name}", "",
        f"Liquid network, cells {config.cell_kind}/{config.ode_solver} of {' and '.join(map(str, net.config.hidden_dims))} "
        f"units, {net.parameter_count()} parameters, float32. Labels: {', '.join(net.config.labels)}.", "",
        f"Validation accuracy {result['accuracy'] * 100:.2f} % on {result['clips']} clips of validation speakers "
        "(official hash split) and held-out background noise, played through the engine's gate and timestep policy.", "",
        "| label | recall |", "|---|---|"]
    lines += [f"| {label} | {recall * 100:.1f} % |" for label, recall in result["per_label"].items()]
    lines += ["", "| true \\ answer | " + " | ".join(result["labels"]) + " |", "|---" * (len(result["labels"]) + 1) + "|"]
    lines += [f"| {label} | " + " | ".join(map(str, row)) + " |" for label, row in zip(result["labels"], result["confusion"])]
    c = calibration
    lines += ["", "## Streams", "",
              f"{c['hours']:.1f} h of held-out words, sentences and environmental sounds, 0.3 to 1.5 s apart, in held-out "
              f"noise at 5 to 30 dB: {c['hit_rate'] * 100:.1f} % of the keywords detected, {c['false_alarms']} false alarms "
              f"among {c['other_words']} other words and sentences. Thresholds: "
              + ", ".join(f"{k} {v:.2f}" for k, v in c["thresholds"].items())
              + f". Temperature {c['temperature']:.2f}, expected calibration error {c['calibration_error'] * 100:.1f} %.",
              "", "## Training", "",
              f"{trainer.step} steps, seed {config.seed}, learning rate {config.learning_rate}, label smoothing "
              f"{config.label_smoothing}; exponential mean of the weights.", "",
              "Clips of training speakers and files by source: " + ", ".join(f"{k} {v}" for k, v in sorted(used.items())) + ". "
              "No clip of a testing or validation speaker was used.", "",
              "## Data and licences", "",
              "Google Speech Commands v0.01 (P. Warden, CC BY 4.0); Free Spoken Digit Dataset (CC BY-SA 4.0); Picovoice "
              "wake-word and speech-to-intent benchmarks (Apache-2.0); ESC-10 (K. Piczak, CC BY / CC0 by clip); words spoken "
              "by espeak-ng and flite.", ""]
    return "\n".join(lines)
