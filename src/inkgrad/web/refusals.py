"""What cannot be answered: one status, one sentence; and how anything is put into JSON."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import JSONResponse

from inkgrad.text import sentence as one_line

__all__ = ["Json", "Refused", "refusal"]


class Refused(Exception):  # noqa: N818 - not a fault of ours, but of what was asked
    """A request that is not answered.

    Parameters
    ----------
    status : int
        As HTTP has it, from 400.
    sentence : str
        What was given, what is expected.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class Json(JSONResponse):
    """JSON in plain ASCII: any text that can be in a Python string can be told."""

    def render(self, content: Any) -> bytes:
        r"""Return the bytes; a number that is not finite is a `ValueError`.

        Examples
        --------
        >>> Json("naïve \ud800").body
        b'"na\\u00efve \\ud800"'
        """
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


def refusal(status: int, sentence: str, headers: dict[str, str] | None = None) -> Json:
    """Return the answer to what is refused: ``{"error": sentence}``, in one line."""
    return Json({"error": one_line(sentence)}, status, headers)
