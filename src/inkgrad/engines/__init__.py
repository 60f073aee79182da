"""Engines: who carries a network out. All give the same numbers; they differ in speed."""

from inkgrad.engines.choosing import ENGINES, advice, make_engine, ready_engine
from inkgrad.engines.engine import Contribution, Engine, Gradients, StepResult, Trainer
from inkgrad.engines.reference import ReferenceEngine
from inkgrad.engines.switching import SwitchingPredictor, make_predictor

__all__ = [
    "ENGINES",
    "Contribution",
    "Engine",
    "Gradients",
    "ReferenceEngine",
    "StepResult",
    "SwitchingPredictor",
    "Trainer",
    "advice",
    "make_engine",
    "make_predictor",
    "ready_engine",
]
