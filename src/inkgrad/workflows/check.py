"""Whether the mathematics is right: the proofs of the test suite, on any network."""

from __future__ import annotations

from inkgrad.insight import Check, check_gradients
from inkgrad.network import Network, seed_network

__all__ = ["check"]


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
