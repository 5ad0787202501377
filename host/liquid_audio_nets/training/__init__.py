"""Training of liquid networks with torch, the only part of the package that imports it."""

from .batches import Batch, BatchMaker
from .cache import FrameStore
from .cells import UnsupportedCell
from .export import ExportError
from .model import LiquidNet, ModelConfig
from .ncps_cells import from_ncps
from .trainer import LNNTrainer, TrainerConfig, TrainingError
from .wirings import WiringError

__all__ = [
    "Batch",
    "BatchMaker",
    "ExportError",
    "FrameStore",
    "LNNTrainer",
    "LiquidNet",
    "ModelConfig",
    "TrainerConfig",
    "TrainingError",
    "UnsupportedCell",
    "WiringError",
    "from_ncps",
]
