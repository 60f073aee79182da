"""Black-and-white pictures: how thick the ink is, peeled to its middle, and drawn with a pen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["contour", "depth", "stamp", "thin"]

Mask = npt.NDArray[np.bool_]


def thin(ink: Mask, layers: int | None = None) -> Mask:
    """Peel ink from all sides without ever tearing it, down to lines one pixel wide.

    Parameters
    ----------
    ink : bool array (h, w)
    layers : int, optional
        Peel at most so many layers: what is thicker keeps a core. As many as it takes if left
        out.

    Returns
    -------
    thinned : bool array (h, w)

    References
    ----------
    Z. Guo and R. W. Hall, "Parallel thinning with two-subiteration algorithms", Communications
    of the ACM 32 (1989), algorithm A1.

    Examples
    --------
    >>> thin(np.ones((3, 5), dtype=bool)).astype(int)
    array([[0, 0, 0, 0, 0],
           [0, 1, 1, 1, 0],
           [0, 0, 0, 0, 0]])
    """
    ink = np.pad(ink, 1)  # a frame of paper, so that every pixel has eight neighbours
    limit = max(ink.shape) if layers is None else layers
    for _ in range(limit):
        before = ink
        ink = _peel(_peel(ink, towards=0), towards=4)
        if (ink == before).all():
            break
    return ink[1:-1, 1:-1]


def _peel(ink: Mask, towards: int) -> Mask:
    """Remove one layer from the north-east (`towards` 0) or the south-west (4) sides."""
    p = _neighbours(ink)  # clockwise from north
    corner = [~p[i] & (p[(i + 1) % 8] | p[(i + 2) % 8]) for i in (0, 2, 4, 6)]
    crossings = sum(c.astype(np.int8) for c in corner)  # 1: removal keeps the ink connected
    pairs_1 = sum((p[i] | p[i - 1]).astype(np.int8) for i in (0, 2, 4, 6))
    pairs_2 = sum((p[i] | p[i + 1]).astype(np.int8) for i in (0, 2, 4, 6))
    partners = np.minimum(pairs_1, pairs_2)  # 1: the end of a line, which stays
    t = towards
    exposed = ~((p[t] | p[t + 1] | ~p[(t + 3) % 8]) & p[(t + 2) % 8])
    peeled: Mask = ink & ~((crossings == 1) & (partners >= 2) & (partners <= 3) & exposed)
    return peeled


def _neighbours(ink: Mask) -> list[Mask]:
    """Return the eight neighbours of every pixel, clockwise from north; paper outside."""
    framed = np.pad(ink, 1)
    h, w = ink.shape
    around = [(0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0), (0, 0)]
    return [framed[y : y + h, x : x + w] for y, x in around]


def depth(ink: Mask, most: int | None = None) -> npt.NDArray[np.int64]:
    """Return how many layers of ink lie between each pixel and the paper: 1 at the border.

    What is deeper than `most`, if that is given, counts as so deep.

    Layers are peeled from four and from eight neighbours in turn, so that distances are those
    of an octagon, within some percent of a circle's.

    Examples
    --------
    >>> depth(np.ones((3, 5), dtype=bool))
    array([[1, 1, 1, 1, 1],
           [1, 2, 2, 2, 1],
           [1, 1, 1, 1, 1]])
    """
    layers = np.zeros(ink.shape, dtype=np.int64)
    diagonals = False
    while ink.any() and (most is None or layers.max(initial=0) < most):
        layers += ink
        around = _neighbours(ink)
        for neighbour in around if diagonals else around[::2]:
            ink = ink & neighbour
        diagonals = not diagonals
    return layers


def contour(ink: Mask) -> Mask:
    """Return the outermost layer of ink.

    Examples
    --------
    >>> contour(np.ones((3, 3), dtype=bool)).astype(int)
    array([[1, 1, 1],
           [1, 0, 1],
           [1, 1, 1]])
    """
    return np.asarray(depth(ink) == 1)


def stamp(y: npt.NDArray[np.float64], x: npt.NDArray[np.float64], radius: float, side: int) -> Mask:
    """Press a round pen on a square canvas at every point given.

    Parameters
    ----------
    y, x : float64 arrays (n,)
        Points in pixels; the first pixel's centre is at 0.5.
    radius : float
        Half the pen's width in pixels.
    side : int
        Width and height of the canvas; what falls outside is cut off.

    Returns
    -------
    ink : bool array (side, side)

    Examples
    --------
    >>> stamp(np.array([1.5]), np.array([1.5]), 1.0, side=3).astype(int)
    array([[0, 1, 0],
           [1, 1, 1],
           [0, 1, 0]])
    """
    reach = int(np.ceil(radius))
    centres = np.zeros((side + 2 * reach, side + 2 * reach), dtype=bool)
    row, column = np.floor(y).astype(int), np.floor(x).astype(int)
    inside = (row >= 0) & (row < side) & (column >= 0) & (column < side)
    centres[row[inside] + reach, column[inside] + reach] = True
    ink = np.zeros((side, side), dtype=bool)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            if dx * dx + dy * dy <= radius * radius:
                ink |= centres[reach + dy :, reach + dx :][:side, :side]
    return ink
