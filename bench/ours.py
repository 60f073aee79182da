"""Our contestants: every engine, training and predicting."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bench.rivals import installed
from bench.trainers import LEARNING_RATE
from inkgrad.engines import ENGINES, Engine
from inkgrad.network import Network, Parameters
from inkgrad.optimizers import Adam

__all__ = ["OurTrainer", "best_engine", "engines", "our_predictor", "our_trainers", "start_engine"]


def engines() -> list[str]:
    """Return the names of the engines that work here; the compiled one needs Numba."""
    return [name for name in ENGINES if name != "cpu" or installed("numba", "inkgrad cpu")]


def best_engine() -> str:
    """Return the name of the fastest engine."""
    return "cpu" if "cpu" in engines() else "reference"


def start_engine(name: str, network: Network, threads: int) -> Engine:
    """Return an engine that computes by so many threads, compiled.

    The reference engine's threads are NumPy's, which are decided when the process starts.
    """
    if name == "cpu":
        from inkgrad.engines.cpu import CpuEngine

        engine = CpuEngine(network, threads=threads)
    else:
        engine = ENGINES[name](network)
    engine.prepare()
    return engine


def our_predictor(
    engine: Engine, parameters: Parameters, precision: str = "float32"
) -> Callable[[np.ndarray], np.ndarray]:
    """Return what turns drawings into probabilities, made ready for many calls."""
    return engine.predictor(parameters, precision)


class OurTrainer:
    """A network of ours in training."""

    def __init__(self, engine: Engine, first: Parameters) -> None:
        self.engine, self._first = engine, first
        self.parameters = first.copy()
        self._trainer = engine.trainer(self.parameters, Adam())

    def take(self, x: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the batch as it is."""
        return x, labels

    def restart(self) -> None:
        """Go back to the first weights."""
        self.parameters.vector[:] = self._first.vector
        self.parameters.statistics.vector[:] = self._first.statistics.vector
        self._trainer.state.steps = 0
        for array in self._trainer.state.arrays.values():
            array[:] = 0

    def step(self, batch: tuple[np.ndarray, np.ndarray]) -> None:
        """Learn from one batch."""
        self._trainer.step(*batch, LEARNING_RATE)

    def logits(self, x: np.ndarray) -> np.ndarray:
        """Return the outputs (n, classes)."""
        return self.engine.forward(self.parameters, x)


def our_trainers(
    first: Parameters, threads: int, names: list[str] | None = None
) -> dict[str, OurTrainer]:
    """Return a contestant for each engine (by default for all), by name."""
    return {
        f"inkgrad {name}": OurTrainer(start_engine(name, first.network, threads), first)
        for name in (engines() if names is None else names)
    }
