"""A convolutional network you can read, proved correct: it learns to recognise doodles."""

from inkgrad.version import __version__

__all__ = ["__version__"]
