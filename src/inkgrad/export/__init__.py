"""Export: a trained model in forms that need nothing of ours to be opened."""

from inkgrad.export.page import write_page

__all__ = ["write_page"]
