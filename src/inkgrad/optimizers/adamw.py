"""AdamW: Adam, with weight decay that does not pass through the gradient."""

from __future__ import annotations

from dataclasses import dataclass

from inkgrad.layers import Array
from inkgrad.optimizers.adam import Adam

__all__ = ["AdamW"]


@dataclass(frozen=True)
class AdamW(Adam):
    r"""Adam with weight decay decoupled from the gradient.

    $$ \theta \leftarrow (1 - \alpha \lambda)\, \theta, \qquad
       \text{then Adam's step on } g = dL/d\theta $$

    In `Adam` the penalty's gradient λθ is divided by √v like the rest, so that parameters with
    large gradients hardly decay; here all decay alike.

    Notes
    -----
    Loshchilov and Hutter, *Decoupled Weight Decay Regularization*, 2019, algorithm 2.

    Examples
    --------
    >>> import numpy as np
    >>> theta, adamw = np.array([1.0]), AdamW(weight_decay=0.5)
    >>> adamw.update(theta, np.array([0.0]), adamw.start(theta), learning_rate=0.1)
    >>> theta                                  # no gradient: 1 − 0.1·0.5
    array([0.95])
    """

    weight_decay: float = 0.01

    def _decay(
        self, parameters: Array, gradient: Array, decaying: Array, learning_rate: float
    ) -> Array:
        """Shrink the parameters themselves, and leave the gradient as it is."""
        parameters -= learning_rate * self.weight_decay * decaying
        return gradient
