"""Connected regions of pixels, convex hulls, and the quadrilateral around a hull."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["connected", "hull", "label", "meeting", "quadrilateral"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def connected(nodes: int, a: Indices, b: Indices) -> Indices:
    """Return for each node the smallest node that links a–b lead to.

    All links hook the larger of two roots to the smaller at once, then every path is halved until
    it is one step long; that takes about log(nodes) turns.

    Examples
    --------
    >>> connected(5, np.array([0, 3]), np.array([4, 1]))
    array([0, 1, 2, 1, 0])
    """
    root = np.arange(nodes)
    while True:
        root_a, root_b = root[a], root[b]
        apart = root_a != root_b
        if not apart.any():
            return root
        a, b = a[apart], b[apart]
        low, high = np.minimum(root_a, root_b)[apart], np.maximum(root_a, root_b)[apart]
        np.minimum.at(root, high, low)
        while True:
            further = root[root]
            if (further == root).all():
                break
            root = further


def label(mask: Mask) -> tuple[Indices, int]:
    """Give every region of a mask a number: pixels that touch, diagonally too.

    Returns
    -------
    labels : int64 array (h, w)
        0 outside the mask; regions are numbered from 1.
    count : int

    Examples
    --------
    >>> label(np.array([[True, False, True], [False, True, False], [False, False, False]]))[1]
    1
    """
    h, w = mask.shape
    labels = np.zeros(mask.shape, np.int64)
    pixels = np.flatnonzero(mask)
    if pixels.size == 0:
        return labels, 0
    number = np.zeros(h * w, np.int64)
    number[pixels] = np.arange(pixels.size)
    number = number.reshape(h, w)
    pairs = [
        (number[first][both], number[second][both])
        for first, second in _NEIGHBOURS
        for both in [mask[first] & mask[second]]
    ]
    roots = connected(pixels.size, *(np.concatenate(ends) for ends in zip(*pairs, strict=True)))
    numbers = np.unique(roots, return_inverse=True)[1]
    labels[mask] = numbers + 1
    return labels, int(numbers.max()) + 1


_NEIGHBOURS = (
    (np.s_[:, :-1], np.s_[:, 1:]),
    (np.s_[:-1], np.s_[1:]),
    (np.s_[:-1, :-1], np.s_[1:, 1:]),
    (np.s_[:-1, 1:], np.s_[1:, :-1]),
)


def hull(mask: Mask) -> Floats:
    """Return the corners (x, y) of the convex hull around a mask's pixels, clockwise on screen.

    Examples
    --------
    >>> hull(np.ones((1, 2), dtype=bool)).tolist()
    [[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 1.0]]
    """
    rows = np.flatnonzero(mask.any(axis=1))
    left = mask[rows].argmax(axis=1)
    right = mask.shape[1] - mask[rows, ::-1].argmax(axis=1)
    points = {(x, y + d) for x, y in zip(left, rows, strict=True) for d in (0, 1)}
    points |= {(x, y + d) for x, y in zip(right, rows, strict=True) for d in (0, 1)}
    chains = []
    for ordered in (sorted(points), sorted(points, reverse=True)):
        chain: list[tuple[int, int]] = []
        for x, y in ordered:
            while len(chain) > 1:
                (ax, ay), (bx, by) = chain[-2:]
                if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                    break
                chain.pop()
            chain.append((x, y))
        chains += chain[:-1]
    return np.array(chains, dtype=np.float64)


def quadrilateral(corners: Floats) -> Floats | None:
    """Enclose a convex polygon in four of its sides, prolonged to where they meet.

    Again and again the side goes whose neighbours, prolonged, add the least area: a corner that is
    hidden or cut off comes back.

    Parameters
    ----------
    corners : float64 array (n, 2)
        Clockwise on screen.

    Returns
    -------
    quadrilateral : float64 array (4, 2), or None if there is none

    Examples
    --------
    >>> cut = np.array([[1.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0], [0.0, 1.0]])
    >>> quadrilateral(cut).tolist()
    [[4.0, 0.0], [4.0, 4.0], [0.0, 4.0], [0.0, 0.0]]
    """
    points = [*corners]
    while len(points) > 4:
        best: tuple[float, int, Floats] | None = None
        for i in range(len(points)):
            before, start, end, after = (points[(i + k) % len(points)] for k in (-1, 0, 1, 2))
            corner = meeting(before, start, after, end)
            if corner is None or (corner - start) @ (start - before) < 0:
                continue  # the neighbours meet behind the polygon
            added = abs(_cross(end - start, corner - start)) / 2
            if best is None or added < best[0]:
                best = added, i, corner
        if best is None:
            return None
        _, i, corner = best
        points[i] = corner
        points.pop((i + 1) % len(points))
    return np.array(points) if len(points) == 4 else None


def meeting(a: Floats, b: Floats, c: Floats, d: Floats) -> Floats | None:
    """Return where the line through a and b meets the line through c and d, or None.

    Examples
    --------
    >>> meeting(*np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 1.0], [3.0, 2.0]])).tolist()
    [3.0, 0.0]
    """
    u, v = b - a, d - c
    determinant = _cross(u, v)
    if abs(determinant) < 1e-9:
        return None
    return np.asarray(a + _cross(c - a, v) / determinant * u)


def _cross(u: Floats, v: Floats) -> float:
    return float(u[0] * v[1] - u[1] * v[0])
