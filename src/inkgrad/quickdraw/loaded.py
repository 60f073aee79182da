"""Loaded drawings, with what there is to say about where they came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from inkgrad.drawing import Raster
from inkgrad.quickdraw.drawings import GOOGLES, Drawings

__all__ = ["ATTRIBUTION", "Counts", "Loaded", "OnProgress", "Wanted"]

ATTRIBUTION = "The Quick, Draw! Dataset by Google, licence CC BY 4.0"
"""What must be said of Google's drawings wherever they, or what was learnt from them, are shown."""

OnProgress = Callable[[str, str, int, int], object]
"""Told how loading goes on: (step, class, done, total).

The step is ``"fetch"``, counted in bytes, or ``"draw"`` (strokes become bitmaps), counted in
drawings; or ``"note"``, with a sentence for the user in the place of the class, and 1 of 1. Never
called twice at once.
"""


@dataclass(frozen=True)
class Wanted:
    """Which drawings of a class are to be loaded, and how.

    Parameters
    ----------
    limit : int, optional
        Maximum drawings, the first ones; None: all.
    recognized : bool, optional
        Only drawings that the game recognised (True) or did not (False).
    raster : Raster
        How strokes are drawn; by default as Google did.
    cache : Path, optional
        The folder that bitmaps made of strokes are kept in; None: keep none.
    strokes : bool
        Whether strokes are wanted beside the bitmaps that are made of them.
    """

    limit: int | None = None
    recognized: bool | None = None
    raster: Raster = GOOGLES
    cache: Path | None = None
    strokes: bool = False

    @property
    def takes_bitmaps(self) -> bool:
        """Whether Google's bitmaps will do.

        They do not tell whether the game recognised them, and they are drawn already, in one way.

        Examples
        --------
        >>> [Wanted().takes_bitmaps, Wanted(recognized=True).takes_bitmaps]
        [True, False]
        """
        return self.recognized is None and self.raster == GOOGLES


@dataclass(frozen=True)
class Counts:
    """How many drawings of a class came as bitmaps, and how many as strokes.

    Parameters
    ----------
    bitmaps, strokes : int
        Together the number of drawings.
    doubles : int
        Strokes left out because they are the same drawing as one of the bitmaps.
    """

    bitmaps: int = 0
    strokes: int = 0
    doubles: int = 0


@dataclass(frozen=True, eq=False)
class Loaded:
    """Drawings, and where they came from.

    Parameters
    ----------
    drawings : Drawings
        All drawings, class by class in the order asked for.
    source : str
        Where they came from, and why from there, as one line for the user.
    counts : dict of str to Counts
        What there is of each class.
    built_in : bool
        Whether they are the built-in doodles, not drawings by people.
    attribution : str
        Whose they are and under which licence; empty for one's own and for built-in ones.
    parts : tuple of Loaded
        What each place gave, of drawings from several: see `inkgrad.quickdraw.mixed.load_mixed`.
    """

    drawings: Drawings
    source: str
    counts: dict[str, Counts] = field(default_factory=dict)
    built_in: bool = False
    attribution: str = ""
    parts: tuple[Loaded, ...] = ()
