"""Engines: who carries a network out. All give the same numbers; they differ in speed."""

from inkgrad.engines.choosing import ENGINES, advice, make_engine, ready_engine
from inkgrad.engines.engine import Contribution, Engine, Gradients, StepResult, Trainer
from inkgrad.engines.reference import ReferenceEngine

__all__ = [
    "ENGINES",
    "Contribution",
    "Engine",
    "Gradients",
    "ReferenceEngine",
    "StepResult",
    "Trainer",
    "advice",
    "make_engine",
    "ready_engine",
]
