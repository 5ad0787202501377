"""Training of liquid networks with torch, the only part of the package that imports it."""

from .data.batches import Batch, BatchMaker
from .data.frame_store import FrameStore
from .loop.errors import TrainingError
from .loop.export import ExportError
from .loop.trainer import LNNTrainer, TrainerConfig
from .nets.cells import UnsupportedCell
from .nets.model import LiquidNet, ModelConfig
from .nets.ncps_cells import from_ncps
from .nets.wirings import WiringError

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
