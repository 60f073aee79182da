"""Predictors that answer at once by the reference engine, and by kernels when these are ready."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from inkgrad.engines.choosing import usable_engine
from inkgrad.engines.engine import Engine
from inkgrad.engines.reference import ReferenceEngine
from inkgrad.layers import Array
from inkgrad.network import Network, Parameters

__all__ = ["SwitchingPredictor", "make_predictor"]

Predictor = Callable[[Array], Array]

_background = threading.Lock()  # several models need the same kernels, compiled once


@runtime_checkable
class _Compiled(Protocol):
    """What an engine offers besides whose kernels may not be there yet."""

    def fetch(self, precision: str = "float32") -> bool:
        """Fetch what was compiled before; return whether it is all there."""
        ...

    def compile_apart(self, precision: str = "float32") -> None:
        """Have what a predictor needs compiled, where it disturbs this process least."""
        ...


class SwitchingPredictor:
    """Turns inputs x (n, …) into answers (n, classes): by one predictor, then by another.

    Several threads may use it at once. A call that has begun ends with the predictor that it began
    with; none waits for the change.

    Parameters
    ----------
    first : callable
        Answers until the other is ready, and for ever if it cannot be made.
    make_second : callable
        Returns the other; is called in a thread.
    """

    def __init__(self, first: Predictor, make_second: Callable[[], Predictor]) -> None:
        self._predict, self._make_second = first, make_second
        self._settled = threading.Event()
        threading.Thread(target=self._change, name="inkgrad-switch", daemon=True).start()

    def __call__(self, x: Array) -> Array:
        """Return the answers, (n, classes)."""
        return self._predict(x)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it has changed over, or cannot; return whether that is so by now."""
        return self._settled.wait(seconds)

    def _change(self) -> None:
        try:
            self._predict = self._make_second()
        except Exception as error:
            logging.getLogger("inkgrad").info("the reference engine goes on: %s", error)
        finally:
            self._settled.set()


def make_predictor(
    engine: str | Engine,
    network: Network,
    parameters: Parameters,
    precision: str = "float32",
    *,
    logits: bool = False,
) -> Predictor | SwitchingPredictor:
    """Return a function from x to probabilities, or logits, that can be called at once.

    Where ``"auto"`` means an engine whose kernels were not compiled yet, the reference engine
    answers while they are. The two agree up to the rounding of float32.

    Parameters
    ----------
    engine, network
        See `inkgrad.engines.make_engine`. An engine that is named is waited for.
    parameters : Parameters
    precision, logits
        See `Engine.predictor`.
    """
    made = usable_engine(engine, network)
    kind = {"logits": True} if logits else {}  # engines of one's own may give probabilities alone
    if engine != "auto" or not isinstance(made, _Compiled):
        made.prepare(precision=precision)
        return made.predictor(parameters, precision, **kind)
    compiled: _Compiled = made
    if compiled.fetch(precision):
        return made.predictor(parameters, precision, **kind)
    numbers = parameters.copy()  # what becomes of the caller's later does not matter

    def second() -> Predictor:
        with _background:
            if not compiled.fetch(precision):
                compiled.compile_apart(precision)
        return made.predictor(numbers, precision, **kind)

    first = ReferenceEngine(network).predictor(parameters, precision, **kind)
    return SwitchingPredictor(first, second)
