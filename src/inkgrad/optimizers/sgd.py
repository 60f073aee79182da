"""SGD: against the gradient, with momentum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from inkgrad.errors import InkgradError
from inkgrad.layers import Array
from inkgrad.optimizers.optimizer import Optimizer, OptimizerState, check_decay, check_share

__all__ = ["SGD"]


@dataclass(frozen=True)
class SGD(Optimizer):
    r"""Stochastic gradient descent with momentum: a heavy ball rolling downhill.

    $$ v \leftarrow \mu v + g, \qquad \theta \leftarrow \theta - \alpha v $$

    and with Nesterov's look-ahead $\theta \leftarrow \theta - \alpha\,(g + \mu v)$, with the new v.
    Weight decay λ is an L2 penalty: g stands for dL/dθ + λθ.

    Parameters
    ----------
    momentum : float
        μ, 0 ≤ μ < 1; with 0 it is plain gradient descent.
    nesterov : bool
    weight_decay : float
        λ ≥ 0

    Notes
    -----
    Polyak, *Some methods of speeding up the convergence of iteration methods*, 1964; for neural
    networks and for Nesterov's variant Sutskever, Martens, Dahl and Hinton, *On the importance of
    initialization and momentum in deep learning*, 2013. Sutskever et al. multiply the gradient by
    α on its way into v; here α multiplies v on its way out, as most libraries do. With constant α
    both are the same; here a change of α takes effect at once on the whole of v.

    Examples
    --------
    >>> import numpy as np
    >>> theta, sgd = np.array([1.0]), SGD(momentum=0.5)
    >>> state = sgd.start(theta)
    >>> for _ in range(2):                     # v = 1, then 0.5·1 + 1 = 1.5
    ...     sgd.update(theta, np.array([1.0]), state, learning_rate=0.1)
    >>> theta                                  # 1 − 0.1·1 − 0.1·1.5
    array([0.75])
    """

    state_names: ClassVar[tuple[str, ...]] = ("velocity",)

    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        check_share("momentum", self.momentum)
        check_decay(self.weight_decay)
        if self.nesterov and self.momentum == 0:
            raise InkgradError("nesterov looks ahead along the momentum, but momentum is 0")

    def _step(
        self, parameters: Array, gradient: Array, state: OptimizerState, learning_rate: float
    ) -> None:
        velocity = state.arrays["velocity"]
        velocity *= self.momentum
        velocity += gradient
        direction = gradient + self.momentum * velocity if self.nesterov else velocity
        parameters -= learning_rate * direction
