"""Gradient saliency and Grad-CAM: what the chain rule says of a class's logit, back to the ink."""

from __future__ import annotations

import math

import numpy as np

from inkgrad.layers import Array, Conv2D, Layer, Parallel, row
from inkgrad.network import Network, Parameters

__all__ = ["cam_place", "class_gradient", "derivative_at", "grad_cam", "upsample"]


def class_gradient(network: Network, numbers: Parameters, x: Array, k: int) -> Array:
    r"""Return dz_k/dx, the derivative of class k's logit by each number of one input.

    $$ g_i = \frac{\partial z_k}{\partial x_i} $$

    Positive: a little more ink here raises the logit. Times the input it says how much of the logit
    each inked pixel is responsible for, to first order. Batch norm uses its running statistics, and
    dropout drops nothing, as when the network answers.

    Parameters
    ----------
    network : Network
        With one output per class.
    numbers : Parameters
        With the statistics that the network has measured.
    x : array of the network's input shape
        One input, without a batch axis.
    k : int
        The class, 0 … K−1.

    Returns
    -------
    gradient : array of x's shape

    References
    ----------
    K. Simonyan, A. Vedaldi, A. Zisserman, *Deep Inside Convolutional Networks: Visualising Image
    Classification Models and Saliency Maps*, 2013, section 3.

    Examples
    --------
    >>> from inkgrad.layers import Dense, Flatten
    >>> network = Network([Flatten(), Dense(2)], input_shape=(1, 2, 2))
    >>> numbers = network.initialise(seed=0)
    >>> gradient = class_gradient(network, numbers, np.ones((1, 2, 2), np.float32), k=1)
    >>> bool((gradient.ravel() == numbers["dense1.weight"][:, 1]).all())
    True
    """
    return derivative_at(network, numbers, x, k, 0)[1]


def grad_cam(network: Network, numbers: Parameters, x: Array, k: int) -> Array | None:
    r"""Return Grad-CAM: where the last convolution saw what speaks for class k.

    $$ \alpha_c = \frac{1}{hw} \sum_{i,j} \frac{\partial z_k}{\partial A_{c,i,j}}, \qquad
       L_{i,j} = \max\Big(0, \sum_c \alpha_c A_{c,i,j}\Big) $$

    A are the activations of the last convolution (see `cam_place`), h × w cells in each of its
    maps. L is enlarged to the input's rows and columns by bilinear interpolation.

    Parameters
    ----------
    network, numbers, x, k
        As for `class_gradient`; x has the shape (channels, rows, columns).

    Returns
    -------
    cam : array (rows, columns) of numbers ≥ 0, or None
        None if the network has no convolution whose maps have more than one cell.

    References
    ----------
    R. R. Selvaraju et al., *Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
    Localization*, 2017, equations 1 and 2.

    Examples
    --------
    >>> from inkgrad.network import seed_network
    >>> network = seed_network()
    >>> x = np.zeros((1, 28, 28), np.float32)
    >>> cam = grad_cam(network, network.initialise(seed=0), x, k=0)
    >>> cam.shape, float(cam.max())
    ((28, 28), 0.0)
    """
    place = cam_place(network)
    if place is None:
        return None
    activations, derivative = derivative_at(network, numbers, x, k, place)  # (C, h, w) each
    weights = derivative.mean(axis=(1, 2))  # (C,)
    cam = np.maximum((weights[:, None, None] * activations).sum(axis=0), 0)  # (h, w)
    return upsample(cam, (x.shape[1], x.shape[2]))


def derivative_at(
    network: Network, numbers: Parameters, x: Array, k: int, place: int
) -> tuple[Array, Array]:
    """Return what goes into layer `place` (from 0), and class k's logit's derivative by it."""
    values = numbers.numbers
    inner, _ = row.forward(network.stages[:place], x[None], values)
    logits, trail = row.forward(network.stages[place:], inner, values)
    dlogits = np.zeros_like(logits)  # (1, K)
    dlogits[0, k] = 1
    derivative, _ = row.backward(trail, dlogits)
    return inner[0], derivative[0]


def cam_place(network: Network) -> int | None:
    """Return how many layers lead to the maps that Grad-CAM looks at; None if there are none.

    These are the activations of the last convolution, alone or in branches, whose maps have more
    than one cell: its output after the norm and the ReLU that follow, before anything (a pool,
    flattening) changes the shape.

    Examples
    --------
    >>> from inkgrad.network import seed_network
    >>> network = seed_network()
    >>> network.stages[cam_place(network) - 1].name
    'relu2'
    """
    stages = network.stages
    places = [
        place
        for place, stage in enumerate(stages, start=1)
        if _holds_convolution(stage.layer) and math.prod(stage.output_shape[1:]) > 1
    ]
    if not places:
        return None
    place = places[-1]
    while place < len(stages) and stages[place].output_shape == stages[place - 1].output_shape:
        place += 1
    return place


def upsample(picture: Array, size: tuple[int, int]) -> Array:
    """Enlarge a picture (h, w) smoothly: bilinear between the middles of its cells.

    Beyond the outermost middles it goes on as it is there.

    Examples
    --------
    >>> upsample(np.array([[0.0, 4.0]]), (1, 4))
    array([[0., 1., 3., 4.]])
    """
    (top, bottom, down), (left, right, across) = (
        _neighbours(n, to) for n, to in zip(picture.shape, size, strict=True)
    )
    rows = picture[top] * (1 - down)[:, None] + picture[bottom] * down[:, None]  # (rows, w)
    return np.asarray(rows[:, left] * (1 - across) + rows[:, right] * across, picture.dtype)


def _neighbours(n: int, to: int) -> tuple[Array, Array, Array]:
    """Return, for each of `to` cells, the two of n that it lies between, and how near the second.

    All three have the shape (to,).
    """
    place = np.clip((np.arange(to) + 0.5) * n / to - 0.5, 0, n - 1)
    first = np.floor(place).astype(np.int64)
    return first, np.minimum(first + 1, n - 1), place - first


def _holds_convolution(layer: Layer) -> bool:
    if isinstance(layer, Parallel):
        return any(_holds_convolution(inner) for branch in layer.branches for inner in branch)
    return isinstance(layer, Conv2D)
