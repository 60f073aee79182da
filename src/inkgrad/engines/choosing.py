"""Choosing an engine: by name, or the fastest that works here."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from importlib.util import find_spec

from inkgrad.engines.engine import Engine
from inkgrad.engines.reference import ReferenceEngine
from inkgrad.errors import InkgradError
from inkgrad.network import Network

__all__ = ["ENGINES", "advice", "make_engine", "ready_engine", "usable_engine"]


def _cpu(network: Network) -> Engine:
    from inkgrad.engines.cpu import CpuEngine

    return CpuEngine(network)


ENGINES: dict[str, Callable[[Network], Engine]] = {"cpu": _cpu, "reference": ReferenceEngine}
"""What makes each engine, by name."""

_COMPILED = "cpu"  # the engine that needs Numba
_INSTALL = "pip install 'inkgrad[fast]'"

_failure: str | None = None  # why Numba cannot be imported, once that was tried in vain


def make_engine(engine: str | Engine, network: Network) -> Engine:
    """Return the engine called `engine` for `network`; ``"auto"`` takes the fastest there is.

    That is the engine cpu where Numba is installed, else the reference engine; see `advice`.
    Nothing slow is imported or compiled yet: for that see `ready_engine`.

    Parameters
    ----------
    engine : "auto", "cpu", "reference" or an Engine
        An Engine of the same network is returned as it is.
    network : Network

    Raises
    ------
    InkgradError
        If there is no engine of that name, or it needs what is not there.

    Examples
    --------
    >>> from inkgrad.network import seed_network
    >>> make_engine("reference", seed_network()).name
    'reference'
    >>> make_engine("warp", seed_network())
    Traceback (most recent call last):
    inkgrad.errors.InkgradError: engine is 'warp'; choose one of auto, ...
    """
    if not isinstance(engine, str):
        if engine.network != network:
            raise InkgradError("the engine was made for another network; make one for this network")
        return engine
    name = _fastest() if engine == "auto" else engine
    if name not in ENGINES:
        raise InkgradError(
            f"engine is {engine!r}; choose one of {', '.join(['auto', *sorted(ENGINES)])}"
        )
    if name == _COMPILED and (obstacle := _obstacle()):
        raise InkgradError(
            f"the engine {name} needs Numba, but {obstacle}; {_INSTALL}, or choose the engine "
            "reference"
        )
    return ENGINES[name](network)


def ready_engine(
    engine: str | Engine,
    network: Network,
    on_progress: Callable[[int, int], None] | None = None,
    precision: str = "float32",
) -> Engine:
    """Return what `make_engine` does, ready to compute at once (see `Engine.prepare`).

    Here it turns out whether an installed Numba works; if not, ``"auto"`` means the reference
    engine from now on.

    Parameters
    ----------
    engine, network
        See `make_engine`.
    on_progress : callable, optional
        Told (done, total) while something is compiled.
    precision : str
        See `Engine.prepare`.

    Raises
    ------
    InkgradError
        As `make_engine`, and if the engine asked for needs Numba and that cannot be imported.
    """
    made = usable_engine(engine, network)
    made.prepare(on_progress, precision)
    return made


def usable_engine(engine: str | Engine, network: Network) -> Engine:
    """Return what `ready_engine` does, which may have to compile when it is first used."""
    made = make_engine(engine, network)
    if isinstance(engine, str) and made.name == _COMPILED:
        _try_numba()
        made = make_engine(engine, network)  # another one, or an error, if Numba does not work
    return made


def advice() -> str | None:
    """Return in one line why the reference engine computes where a faster one might; or None.

    The command line shows it. Others find it once, as information, in the log ``"inkgrad"``.
    """
    obstacle = _obstacle() if _COMPILED in ENGINES else None
    if obstacle is None:
        return None
    return (
        f"the reference engine computes, as {obstacle}; `{_INSTALL}` makes training about ten "
        "times faster"
    )


def _fastest() -> str:
    line = advice()
    if line is not None:
        _log_once(line)
    return _COMPILED if _COMPILED in ENGINES and line is None else "reference"


def _obstacle() -> str | None:
    """Return what is known to be wrong with Numba, without importing it."""
    return "Numba is not installed" if find_spec("numba") is None else _failure


def _try_numba() -> None:
    """Import Numba, and remember if it cannot be."""
    global _failure
    try:
        import numba  # noqa: F401
    except Exception as error:  # whatever a broken installation may raise
        first = f"{error}".partition("\n")[0]
        _failure = f"Numba cannot be imported ({type(error).__name__}: {first})"


@functools.cache
def _log_once(line: str) -> None:
    logging.getLogger("inkgrad").info(line)
