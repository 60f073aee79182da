"""Engines: who carries a network out. All give the same numbers; they differ in speed."""

from inkgrad.engines.choosing import ENGINES, advice, make_engine, ready_engine
from inkgrad.engines.engine import (
    PRECISIONS,
    Contribution,
    Engine,
    Gradients,
    StepResult,
    Trainer,
    check_precision,
)
from inkgrad.engines.reference import ReferenceEngine
from inkgrad.engines.switching import SwitchingPredictor, make_predictor

__all__ = [
    "ENGINES",
    "PRECISIONS",
    "Contribution",
    "Engine",
    "Gradients",
    "ReferenceEngine",
    "StepResult",
    "SwitchingPredictor",
    "Trainer",
    "advice",
    "check_precision",
    "make_engine",
    "make_predictor",
    "ready_engine",
]
