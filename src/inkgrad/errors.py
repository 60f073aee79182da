"""The errors that inkgrad raises for a user's mistake: one clear sentence each."""

from inkgrad.text import sentence

__all__ = [
    "DataError",
    "DataWarning",
    "DownloadError",
    "DrawingError",
    "InkgradError",
    "ModelError",
    "ShapeError",
]


class InkgradError(ValueError):
    """A user's mistake or an unusable input, told in one sentence.

    The message names what was given, what was expected and how to mend it. The command line
    prints it without a traceback and exits with status 2. It is a `ValueError`, so callers who
    know nothing of inkgrad can catch it too.

    Parameters
    ----------
    message : str
        Kept as one printable line of at most 300 characters (`inkgrad.text.sentence`), whatever
        names and numbers from outside stand in it.

    Examples
    --------
    >>> raise InkgradError("epochs is 0; give 1 or more")
    Traceback (most recent call last):
    inkgrad.errors.InkgradError: epochs is 0; give 1 or more
    """

    def __init__(self, message: str) -> None:
        super().__init__(sentence(message))


class ShapeError(InkgradError):
    """A network or an array has a shape that does not fit."""


class DataError(InkgradError):
    """A file of drawings is missing, damaged, hostile or of an unknown format."""


class DrawingError(DataError):
    """A drawing cannot be read or drawn.

    Parameters
    ----------
    reason : str
        What is wrong with it.
    where : str
        How the message calls the drawing, for instance ``"cat.ndjson, line 7"``; empty: not at all.
    index : int, optional
        Of several drawings handed in at once, which one, from 0.

    Examples
    --------
    >>> error = DrawingError("there are no strokes", "drawing 7", 7)
    >>> str(error), error.reason, error.index
    ('drawing 7: there are no strokes', 'there are no strokes', 7)
    """

    def __init__(self, reason: str, where: str = "", index: int | None = None) -> None:
        super().__init__(f"{where}: {reason}" if where else reason)
        self.reason = reason
        self.index = index


class DataWarning(UserWarning):
    """A file of drawings was read otherwise than it is written, told in one sentence."""

    def __init__(self, message: str) -> None:
        super().__init__(sentence(message))


class DownloadError(InkgradError):
    """Drawings could not be fetched; nothing half-written was kept as if it were whole."""


class ModelError(InkgradError):
    """A model file or checkpoint is missing, damaged or belongs to another network."""
