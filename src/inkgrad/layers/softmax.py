"""Softmax with cross-entropy: how surprised the network was by the right answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.errors import ShapeError
from inkgrad.layers.layer import Array, Saved, Shape

__all__ = ["NO_CLASS", "SoftmaxCrossEntropy", "check_labels", "log_softmax", "softmax"]

NO_CLASS = -1
"""The label of an example that belongs to none of the classes."""


def log_softmax(logits: Array) -> Array:
    r"""Return the logarithms of the softmax probabilities of each row, without overflow.

    $$ \log p_k = z_k - m - \log \sum_l e^{z_l - m}, \qquad m = \max_l z_l $$

    Taking m off every logit changes no probability (numerator and denominator both shrink by
    e^m) and makes every exponent ≤ 0 and one of them 0: nothing overflows, and the sum is at
    least 1, so its logarithm is finite.

    Parameters
    ----------
    logits : (n, K) array of floats

    Returns
    -------
    (n, K) array of the same dtype

    Examples
    --------
    >>> log_softmax(np.array([[0.0, 0.0], [1e4, -1e4]]))
    array([[-6.93147181e-01, -6.93147181e-01],
           [ 0.00000000e+00, -2.00000000e+04]])
    """
    shifted = logits - logits.max(axis=1, keepdims=True)  # (n, K)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))  # (n, K)


def softmax(logits: Array) -> Array:
    r"""Return each row as probabilities: $p_k = e^{z_k} / \sum_l e^{z_l}$.

    Examples
    --------
    >>> softmax(np.array([[0.0, 0.0, np.log(2.0)]]))
    array([[0.25, 0.25, 0.5 ]])
    """
    return np.asarray(np.exp(log_softmax(logits)))


def check_labels(shape: Shape, labels: Array) -> None:
    """Refuse logits' shapes and labels that the loss cannot be taken of.

    Parameters
    ----------
    shape : (n, K)
        Of the logits.
    labels : (n,) whole numbers 0 … K−1, or −1 (`NO_CLASS`)

    Raises
    ------
    ShapeError
    """
    if len(shape) != 2 or 0 in shape:
        raise ShapeError(
            f"the loss needs logits (n, classes), at least one of each, but their shape is {shape}"
        )
    n, k = shape
    if labels.shape != (n,) or not np.issubdtype(labels.dtype, np.integer):
        raise ShapeError(
            f"logits of shape {shape} need labels of shape ({n},), whole numbers, but "
            f"they have shape {labels.shape} and are {labels.dtype}"
        )
    if labels.min() < NO_CLASS or labels.max() >= k:
        raise ShapeError(
            f"labels must run from 0 to {k - 1} with logits of shape {shape}, or be -1 for none, "
            f"but they run from {labels.min()} to {labels.max()}"
        )


@dataclass(frozen=True)
class SoftmaxCrossEntropy:
    r"""The loss: the mean over the batch of −log of the probability given to the right class.

    $$ L = -\frac1n \sum_b \sum_k t_{b,k} \log p_{b,k}, \qquad p = \mathrm{softmax}(z) $$

    The target t is 1 for the right class and 0 elsewhere; with label smoothing ε it is
    1 − ε + ε/K and ε/K, so that the network is not asked for infinite certainty (Szegedy et al.,
    *Rethinking the Inception Architecture for Computer Vision*, 2016, section 7).

    A label of −1 (`NO_CLASS`) means none of the classes. Its target is 1/K for every class: of a
    drawing that is nothing it knows, the network should not favour any answer (outlier exposure;
    Hendrycks, Mazeika and Dietterich, *Deep Anomaly Detection with Outlier Exposure*, 2019,
    section 4.3).

    Parameters
    ----------
    label_smoothing : float
        ε, 0 ≤ ε < 1.

    Notes
    -----
    *Shapes.* logits z (n, K), labels (n,) of whole numbers 0 … K−1 or −1, loss a number.
    *Cost.* K exponentials a drawing.

    *Derivation of the backward pass.* Softmax and cross-entropy are taken together because their
    product is so much simpler than either. With log p_k = z_k − log Σ_l e^{z_l}:

        ∂ log p_k / ∂z_j = [j = k] − e^{z_j} / Σ_l e^{z_l} = [j = k] − p_j
        dL/dz_j = −(1/n) Σ_k t_k ([j = k] − p_j) = (p_j Σ_k t_k − t_j) / n = (p_j − t_j) / n

    since the targets sum to 1: what the network said less what it should have said.

    *None of the classes.* With t_k = 1/K for all k the loss of a drawing is

        −(1/K) Σ_k log p_k = log K + Σ_k (1/K) log((1/K) / p_k),

    the entropy of the target, which nothing can change, and the Kullback–Leibler divergence of p
    from it. That is 0 where all p_k are 1/K and positive elsewhere, so log K is the least that such
    a drawing can cost. The gradient is the one above, (p_k − 1/K) / n: every logit is drawn to
    the mean of all.

    Examples
    --------
    >>> loss = SoftmaxCrossEntropy()
    >>> value, saved = loss.forward(np.log([[0.25, 0.25, 0.5]]), np.array([2]))
    >>> round(float(value), 4), round(float(-np.log(0.5)), 4)
    (0.6931, 0.6931)
    >>> loss.backward(saved)
    array([[ 0.25,  0.25, -0.5 ]])

    The same logits for a drawing of none of the classes:

    >>> value, saved = loss.forward(np.log([[0.25, 0.25, 0.5]]), np.array([NO_CLASS]))
    >>> np.round(loss.backward(saved), 4)                                # p − 1/3
    array([[-0.0833, -0.0833,  0.1667]])
    """

    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.label_smoothing < 1.0:
            raise ShapeError(
                f"label_smoothing is {self.label_smoothing!r}; give a number from 0 to below 1"
            )

    def forward(self, logits: Array, labels: Array) -> tuple[Array, Saved]:
        """Return the loss, a number of the logits' dtype, and what `backward` needs."""
        check_labels(logits.shape, labels)
        n, k = logits.shape
        targets = np.full((n, k), self.label_smoothing / k, logits.dtype)  # (n, K)
        (known,) = np.nonzero(labels != NO_CLASS)
        targets[known, labels[known]] += 1.0 - self.label_smoothing
        targets[labels == NO_CLASS] = 1.0 / k
        log_p = log_softmax(logits)  # (n, K)
        return -(targets * log_p).sum(axis=1).mean(), (log_p, targets)

    def backward(self, saved: Saved) -> Array:
        """Return dL/dlogits (n, K) = (p − t) / n."""
        log_p, targets = saved
        return np.asarray((np.exp(log_p) - targets) / len(targets))
