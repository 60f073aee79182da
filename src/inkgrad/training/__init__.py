"""Training: optimisers, schedules, the loop, and checkpoints that survive an interruption."""

from inkgrad.optimizers import (
    SGD,
    Adam,
    AdamW,
    Constant,
    Cosine,
    OneCycle,
    Optimizer,
    OptimizerState,
    Schedule,
    StepDecay,
    clip_by_norm,
    decay_mask,
)
from inkgrad.training.batches import ArrayBatches, Batches, Source, describe_source, epoch_order
from inkgrad.training.checkpoint import BEST, LAST, load_checkpoint, save_checkpoint
from inkgrad.training.events import EpochDone, Event, Notice, StepDone
from inkgrad.training.health import TrainingError
from inkgrad.training.journal import METRICS
from inkgrad.training.loop import Fitted, fit, judge
from inkgrad.training.metrics import append_metrics, read_metrics, write_metrics
from inkgrad.training.outliers import WithOutliers
from inkgrad.training.recipe import OPTIMIZERS, SCHEDULES, Recipe
from inkgrad.training.state import Tally, TrainingState
from inkgrad.training.step import take_step

__all__ = [
    "BEST",
    "LAST",
    "METRICS",
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "Adam",
    "AdamW",
    "ArrayBatches",
    "Batches",
    "Constant",
    "Cosine",
    "EpochDone",
    "Event",
    "Fitted",
    "Notice",
    "OneCycle",
    "Optimizer",
    "OptimizerState",
    "Recipe",
    "Schedule",
    "Source",
    "StepDecay",
    "StepDone",
    "Tally",
    "TrainingError",
    "TrainingState",
    "WithOutliers",
    "append_metrics",
    "clip_by_norm",
    "decay_mask",
    "describe_source",
    "epoch_order",
    "fit",
    "judge",
    "load_checkpoint",
    "read_metrics",
    "save_checkpoint",
    "take_step",
    "write_metrics",
]
