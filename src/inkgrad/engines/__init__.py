"""Engines: who carries a network out. All give the same numbers; they differ in speed."""

from inkgrad.engines.choosing import ENGINES, advice, make_engine, ready_engine
from inkgrad.engines.engine import Engine, Gradients, LearningEngine, Learnt
from inkgrad.engines.reference import ReferenceEngine
from inkgrad.optimizers import AdamRule

__all__ = [
    "ENGINES",
    "AdamRule",
    "Engine",
    "Gradients",
    "LearningEngine",
    "Learnt",
    "ReferenceEngine",
    "advice",
    "make_engine",
    "ready_engine",
]
