"""Derivatives by differences: the truth that every backward pass is held against."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Function = Callable[[np.ndarray], np.ndarray]


def directional_derivative(
    f: Function, x: np.ndarray, direction: np.ndarray, step: float = 1e-5
) -> np.ndarray:
    """Return d/dt f(x + t·direction) at t = 0, by a central difference."""
    return (f(x + step * direction) - f(x - step * direction)) / (2 * step)


def projection_error(
    f: Function,
    x: np.ndarray,
    gradient: np.ndarray,
    dy: np.ndarray | float,
    rng: np.random.Generator,
    step: float = 1e-5,
) -> float:
    """Return how far `gradient` is from the derivative of ⟨dy, f(x)⟩, relative to its size.

    One random direction v checks the whole Jacobian J at once: ⟨gradient, v⟩ must be ⟨dy, J v⟩,
    and J v is one central difference. The error is taken relative to the larger of the two
    numbers and of |gradient|·|v|/√N, the usual size of such a product, so that a product that
    happens to be near zero does not make rounding look like a mistake.
    """
    assert gradient.shape == x.shape
    v = rng.standard_normal(x.shape)
    analytic = float(np.vdot(gradient, v))
    numerical = float(np.vdot(dy, directional_derivative(f, x, v, step)))
    usual = np.linalg.norm(gradient) * np.linalg.norm(v) / np.sqrt(max(x.size, 1))
    return float(abs(analytic - numerical) / max(abs(analytic), abs(numerical), usual, 1e-300))


def numerical_jacobian(f: Function, x: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """Return ∂f_j/∂x_i element by element, (x.size, f(x).size)."""
    rows = []
    for i in range(x.size):
        direction = np.zeros(x.size)
        direction[i] = 1.0
        rows.append(directional_derivative(f, x, direction.reshape(x.shape), step).ravel())
    return np.array(rows)


def backward_jacobian(
    pull_back: Function, y_shape: tuple[int, ...], x_shape: tuple[int, ...]
) -> np.ndarray:
    """Return the same matrix as a backward pass gives it: one output at a time."""
    columns = []
    for j in range(int(np.prod(y_shape))):
        dy = np.zeros(int(np.prod(y_shape)))
        dy[j] = 1.0
        dx = pull_back(dy.reshape(y_shape))
        assert dx.shape == x_shape
        columns.append(dx.ravel())
    return np.array(columns).T
