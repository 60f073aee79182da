"""Optimisers: one rule a file, with its mathematics; schedules of the learning rate, clipping."""

from inkgrad.optimizers.adam import Adam
from inkgrad.optimizers.adamw import AdamW
from inkgrad.optimizers.averaging import AVERAGE, AVERAGE_STATISTICS, Averaging
from inkgrad.optimizers.clipping import clip_by_norm
from inkgrad.optimizers.optimizer import Mask, Optimizer, OptimizerState, decay_mask
from inkgrad.optimizers.schedules import Constant, Cosine, OneCycle, Schedule, StepDecay
from inkgrad.optimizers.sgd import SGD

__all__ = [
    "AVERAGE",
    "AVERAGE_STATISTICS",
    "SGD",
    "Adam",
    "AdamW",
    "Averaging",
    "Constant",
    "Cosine",
    "Mask",
    "OneCycle",
    "Optimizer",
    "OptimizerState",
    "Schedule",
    "StepDecay",
    "clip_by_norm",
    "decay_mask",
]
