"""Whether the mathematics is right: the checks of the test suite, on any network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inkgrad.insight import Check, check_exactly, check_gradients
from inkgrad.network import Network, seed_network

__all__ = ["check", "check_exact"]


def check(network: Network | None = None, *, seed: int = 0) -> list[Check]:
    """Check every derivative of a network against differences, in float64.

    Parameters
    ----------
    network : Network, optional
        By default the seed network.
    seed : int
        Draws the weights, inputs and directions.

    Returns
    -------
    rows : list of Check
        Layer by layer the relative error between the written-out derivative and the measured one.
    """
    return check_gradients(seed_network() if network is None else network, seed=seed)


def check_exact(
    *, seed: int = 0, on_case: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """Check every kind of piecewise linear layer in fractions, where a right one has error 0.

    Parameters
    ----------
    seed : int
        Draws inputs and weights.
    on_case : callable, optional
        Told (done, total) after each case.

    Returns
    -------
    facts : dict of plain values, ready for JSON
        ``cases``, ``numbers`` (outputs and derivatives compared), ``largest_error``, ``passed``,
        and ``layers``, a list of the same for each kind of layer.

    See Also
    --------
    inkgrad.insight.check_exactly : how it is done.
    """
    found = check_exactly(seed, on_case)
    rows = [
        {
            "layer": row.layer,
            "cases": row.cases,
            "numbers": row.numbers,
            "largest_error": float(row.largest_error),
            "passed": row.largest_error == 0,
        }
        for row in found
    ]
    return {
        "cases": sum(row.cases for row in found),
        "numbers": sum(row.numbers for row in found),
        "largest_error": float(max(row.largest_error for row in found)),
        "passed": all(row.largest_error == 0 for row in found),
        "layers": rows,
    }
