"""JAX: networks of five kinds of layers as one jitted training step, with Adam by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bench.rivals import installed
from bench.trainers import LEARNING_RATE
from inkgrad.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU
from inkgrad.network import Network, Parameters

if TYPE_CHECKING:
    import jax

__all__ = ["LAYERS", "JaxTrainer", "jax_trainers"]

LAYERS = (Conv2D, Dense, Flatten, MaxPool2D, ReLU)
"""The layers that are written here."""

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def jax_trainers(
    first: Parameters, threads: int, batch: tuple[np.ndarray, np.ndarray] | None = None
) -> dict[str, JaxTrainer]:
    """Return JAX's contestant; none if it is not installed, or for a network with other `LAYERS`.

    How many threads it has is decided when the process starts: see `bench.environment`.
    """
    if not all(isinstance(layer, LAYERS) for layer in first.network.layers):
        return {}
    return {"JAX": JaxTrainer(first)} if installed("jax", "JAX") else {}


class JaxTrainer:
    """A network in JAX, in training. Pictures lie channels last, which XLA is quicker with."""

    def __init__(self, first: Parameters) -> None:
        import jax

        jax.config.update("jax_platforms", "cpu")
        self._network = first.network
        self._first = {name: _channels_last(value) for name, value in first.items()}
        # A flat gradient would be one copy more: Adam goes over the weights one by one.
        self._step = jax.jit(self._update, donate_argnums=0)
        self.restart()

    def take(self, x: np.ndarray, labels: np.ndarray) -> tuple[jax.Array, jax.Array]:
        """Return the batch as JAX's arrays."""
        import jax.numpy as jnp

        return jnp.asarray(_last(x)), jnp.asarray(labels)

    def restart(self) -> None:
        """Go back to the first weights."""
        import jax.numpy as jnp

        weights = {name: jnp.array(value) for name, value in self._first.items()}
        zeros = [{k: jnp.zeros_like(v) for k, v in weights.items()} for _ in range(2)]
        self._state = (weights, *zeros, jnp.zeros((), jnp.float32))

    def step(self, batch: tuple[jax.Array, jax.Array]) -> None:
        """Learn from one batch, and wait until that is done."""
        import jax

        self._state = jax.block_until_ready(self._step(self._state, *batch))

    def logits(self, x: np.ndarray) -> np.ndarray:
        """Return the outputs (n, classes)."""
        return np.asarray(_forward(self._network, self._state[0], _last(x)))

    def _update(self, state: Any, x: jax.Array, labels: jax.Array) -> Any:
        """Return the state after one step of Adam."""
        import jax
        import jax.numpy as jnp

        weights, m, v, steps = state
        gradient = jax.grad(self._loss)(weights, x, labels)
        steps = steps + 1
        new: tuple[dict[str, Any], ...] = ({}, {}, {})
        for name, g in gradient.items():
            new[1][name] = BETA1 * m[name] + (1 - BETA1) * g
            new[2][name] = BETA2 * v[name] + (1 - BETA2) * g * g
            length = jnp.sqrt(new[2][name] / (1 - BETA2**steps)) + EPSILON
            new[0][name] = (
                weights[name] - LEARNING_RATE / (1 - BETA1**steps) * new[1][name] / length
            )
        return (*new, steps)

    def _loss(self, weights: dict[str, jax.Array], x: jax.Array, labels: jax.Array) -> jax.Array:
        """Return the mean cross-entropy."""
        import jax
        import jax.numpy as jnp

        said = jax.nn.log_softmax(_forward(self._network, weights, x))
        return -jnp.take_along_axis(said, labels[:, None], axis=1).mean()


def _forward(network: Network, weights: dict[str, jax.Array], x: Any) -> jax.Array:
    """Return the logits of pictures (n, H, W, C)."""
    import jax
    import jax.numpy as jnp

    for stage in network.stages:
        layer, name = stage.layer, stage.name
        if isinstance(layer, Conv2D):
            x = jax.lax.conv_general_dilated(
                x,
                weights[f"{name}.weight"],
                window_strides=layer.stride,
                padding=[(p, p) for p in layer.padding],
                dimension_numbers=("NHWC", "HWIO", "NHWC"),
            )
            x = x + weights[f"{name}.bias"]
        elif isinstance(layer, Dense):
            x = x @ weights[f"{name}.weight"] + weights[f"{name}.bias"]
        elif isinstance(layer, ReLU):
            x = jax.nn.relu(x)
        elif isinstance(layer, MaxPool2D):
            window, strides = (1, *layer.size, 1), (1, *layer.stride, 1)
            x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, strides, "VALID")
        elif isinstance(layer, Flatten):
            x = _last(x, back=True).reshape(len(x), -1)  # (n, C, H, W) → (n, C·H·W), as ours
    return x


def _last(x: Any, back: bool = False) -> Any:
    """Return pictures (n, C, H, W) as (n, H, W, C), or back; rows as they are."""
    if x.ndim != 4:
        return x
    return x.transpose(0, 3, 1, 2) if back else x.transpose(0, 2, 3, 1)


def _channels_last(value: np.ndarray) -> np.ndarray:
    """Return filters (K, C, f, f) as (f, f, C, K); other parameters as they are."""
    return value.transpose(2, 3, 1, 0) if value.ndim == 4 else value
