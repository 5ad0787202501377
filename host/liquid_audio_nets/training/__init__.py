"""Training of liquid networks with torch, the only part of the package that imports it."""

from .batches import Batch, BatchMaker
from .cache import FrameStore
from .cells import UnsupportedCell
from .export import ExportError
from .model import LiquidNet, ModelConfig
from .trainer import LNNTrainer, TrainerConfig, TrainingError

__all__ = ["Batch", "BatchMaker", "ExportError", "FrameStore", "LNNTrainer", "LiquidNet", "ModelConfig",
           "TrainerConfig", "TrainingError", "UnsupportedCell"]
