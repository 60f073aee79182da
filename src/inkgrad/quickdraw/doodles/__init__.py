"""Built-in doodles: five animals, drawn by a program as differently as people draw them.

They stand in for the real drawings where there is no network, and all offline tests train on
them. Every animal has a file of its own; `parts.py` has what several share, `pen.py` the lines
that they are made of, and `hand.py` what makes them human.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from inkgrad.drawing import Raster, to_bitmaps
from inkgrad.errors import DataError
from inkgrad.quickdraw.doodles.cat import draw_cat
from inkgrad.quickdraw.doodles.dog import draw_dog
from inkgrad.quickdraw.doodles.dolphin import draw_dolphin
from inkgrad.quickdraw.doodles.elephant import draw_elephant
from inkgrad.quickdraw.doodles.hand import Doodle
from inkgrad.quickdraw.doodles.parts import add_scenery
from inkgrad.quickdraw.doodles.pen import Pen
from inkgrad.quickdraw.doodles.zebra import draw_zebra

__all__ = ["ANIMALS", "Doodle", "doodle_bitmaps", "doodles", "draw"]

_DRAW = {
    "cat": draw_cat,
    "dog": draw_dog,
    "dolphin": draw_dolphin,
    "elephant": draw_elephant,
    "zebra": draw_zebra,
}

ANIMALS = tuple(_DRAW)
"""The classes that can be drawn, in alphabetical order."""


def draw(animal: str, rng: np.random.Generator) -> Doodle:
    """Draw one animal.

    Parameters
    ----------
    animal : str
        One of `ANIMALS`.
    rng : numpy.random.Generator
        Decides about everything: the same state gives the same drawing.

    Returns
    -------
    list of strokes [xs, ys]
        Whole numbers from 0 to 255, y downwards, as Google publishes its drawings: they can be
        rasterised as they are, or written to a simplified .ndjson file.

    Raises
    ------
    DataError
        If the animal is unknown.

    Examples
    --------
    >>> strokes = draw("cat", np.random.default_rng(1))
    >>> min(min(xs) for xs, ys in strokes), max(max(xs + ys) for xs, ys in strokes)
    (0, 255)
    >>> draw("unicorn", np.random.default_rng(1))
    Traceback (most recent call last):
    inkgrad.errors.DataError: there is no built-in doodle of 'unicorn'; choose from cat, dog,
    dolphin, elephant, zebra
    """
    _check_animal(animal)
    pen = Pen(rng)
    _DRAW[animal](pen)
    add_scenery(pen)
    return pen.strokes()


def doodles(
    classes: Sequence[str] = ANIMALS, n_per_class: int = 1000, seed: int = 42
) -> tuple[list[Doodle], npt.NDArray[np.int64]]:
    """Draw every class equally often.

    Drawing i of a class depends on nothing but the seed, the class and i: asking for more
    drawings, or for other classes beside it, leaves it as it is.

    Parameters
    ----------
    classes : sequence of str
        Some of `ANIMALS`, in the order in which they shall be numbered.
    n_per_class : int
        Drawings a class, 1 or more.
    seed : int
        0 or more.

    Returns
    -------
    drawings : list of len(classes) · n_per_class drawings
        Class by class; see `draw`.
    labels : int64 array (len(classes) · n_per_class,)
        Index of each drawing's class in `classes`.

    Raises
    ------
    DataError
        If a class is unknown or named twice, or a number is too small.

    Examples
    --------
    >>> drawings, labels = doodles(["zebra", "cat"], n_per_class=3)
    >>> len(drawings), labels.tolist()
    (6, [0, 0, 0, 1, 1, 1])
    >>> doodles(["cat"], n_per_class=9)[0][:3] == drawings[3:]
    True
    """
    if isinstance(classes, str):
        raise DataError(f"classes is the text {classes!r}; give a list, such as [{classes!r}]")
    if len(set(classes)) < len(classes):
        raise DataError(f"a class is named twice in {', '.join(classes)}; name each once")
    if n_per_class < 1:
        raise DataError(f"n_per_class is {n_per_class}; give 1 or more")
    if seed < 0:
        raise DataError(f"seed is {seed}; give 0 or more")
    for animal in classes:
        _check_animal(animal)
    drawings = [
        draw(animal, np.random.default_rng([seed, ANIMALS.index(animal), i]))
        for animal in classes
        for i in range(n_per_class)
    ]
    return drawings, np.repeat(np.arange(len(classes), dtype=np.int64), n_per_class)


def doodle_bitmaps(
    classes: Sequence[str] = ANIMALS,
    n_per_class: int = 1000,
    seed: int = 42,
    *,
    raster: Raster | None = None,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Draw every class equally often, as bitmaps.

    Parameters
    ----------
    classes, n_per_class, seed
        See `doodles`.
    raster : Raster, optional
        How they are drawn; by default as Google did.

    Returns
    -------
    bitmaps : uint8 array (len(classes) · n_per_class, side, side)
        The drawings of `doodles`, ink 255 on 0, each as `inkgrad.drawing.to_bitmap` gives it.
    labels : int64 array (len(classes) · n_per_class,)

    Raises
    ------
    DataError
        If a class is unknown or named twice, or a number is too small.

    Examples
    --------
    >>> bitmaps, labels = doodle_bitmaps(["dog", "dolphin"], n_per_class=2)
    >>> bitmaps.shape, bitmaps.dtype, labels.tolist()
    ((4, 28, 28), dtype('uint8'), [0, 0, 1, 1])
    """
    drawings, labels = doodles(classes, n_per_class, seed)
    how = Raster() if raster is None else raster
    return to_bitmaps(drawings, **how.to_dict()), labels


def _check_animal(animal: str) -> None:
    if animal not in _DRAW:
        raise DataError(
            f"there is no built-in doodle of {animal!r}; choose from {', '.join(ANIMALS)}"
        )
