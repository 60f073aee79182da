"""Engines: who carries a network out. All give the same numbers; they differ in speed."""

from __future__ import annotations

from collections.abc import Callable

from inkgrad.engines.engine import AdamRule, Engine, Gradients, LearningEngine, Learnt
from inkgrad.engines.reference import ReferenceEngine
from inkgrad.errors import InkgradError
from inkgrad.network import Network

__all__ = [
    "ENGINES",
    "AdamRule",
    "Engine",
    "Gradients",
    "LearningEngine",
    "Learnt",
    "ReferenceEngine",
    "make_engine",
]

ENGINES: dict[str, Callable[[Network], Engine]] = {"reference": ReferenceEngine}
"""Every engine by name."""


def make_engine(engine: str | Engine, network: Network) -> Engine:
    """Return the engine called `engine` for `network`; ``"auto"`` takes the fastest there is.

    Parameters
    ----------
    engine : "auto", "reference" or an Engine
        An Engine of the same network is returned as it is.
    network : Network

    Raises
    ------
    InkgradError
        If there is no engine of that name.

    Examples
    --------
    >>> from inkgrad.network import seed_network
    >>> make_engine("auto", seed_network()).name
    'reference'
    >>> make_engine("warp", seed_network())
    Traceback (most recent call last):
    inkgrad.errors.InkgradError: there is no engine 'warp'; there are auto, reference
    """
    if not isinstance(engine, str):
        if engine.network != network:
            raise InkgradError("the engine was made for another network; make one for this network")
        return engine
    name = "reference" if engine == "auto" else engine
    if name not in ENGINES:
        raise InkgradError(
            f"there is no engine {engine!r}; there are {', '.join(['auto', *sorted(ENGINES)])}"
        )
    return ENGINES[name](network)
