"""What a server's answer means: its status and headers, and the errors that they tell of."""

from __future__ import annotations

import re
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from inkgrad.errors import DownloadError
from inkgrad.quickdraw.cache import Edition, without_secrets

if TYPE_CHECKING:
    import httpx

__all__ = [
    "ChangedError",
    "NotFoundError",
    "TryAgainError",
    "UnreachableError",
    "check_status",
    "could_not",
    "read_headers",
]

LONGEST_WAIT = 60.0  # seconds that a server may ask us to wait before the next try
_TRY_LATER = {408, 425, 429, 500, 502, 503, 504}


class NotFoundError(DownloadError):
    """The server has no such file."""


class UnreachableError(DownloadError):
    """No connection: no network, no such server, or it does not answer.

    Parameters
    ----------
    reason : str
        What happened, as part of a sentence.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason}; check the network, or name a folder of drawings with --data")
        self.reason = reason


class ChangedError(DownloadError):
    """The server's file is no longer the one that the part at hand was taken from."""


class TryAgainError(Exception):
    """The way was cut; another try may go on from here."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


def could_not(url: str) -> str:
    """Begin a sentence about an address that could not be fetched."""
    return f"could not fetch {without_secrets(url)}"


def check_status(url: str, response: httpx.Response, begun: bool) -> None:
    """Let a usable answer pass; raise what the others mean (`begun`: some bytes came before)."""
    status = response.status_code
    if status in {200, 206}:
        return
    answer = f"the server answered {status} {response.reason_phrase}".rstrip()
    told = f"{could_not(url)}: {answer}"
    if status in _TRY_LATER:
        wait = _retry_after(response.headers.get("Retry-After", ""))
        if wait is not None and wait > LONGEST_WAIT:
            raise DownloadError(f"{told} and asks to wait {wait:.0f} s; try again after that")
        raise TryAgainError(answer, wait)
    if status in {404, 410}:
        raise NotFoundError(f"{told}; check the class's name, or use another mirror")
    if status == 416:
        if begun:
            raise ChangedError(f"{could_not(url)}: the file was shortened meanwhile; try again")
        raise DownloadError(f"{told}: the file is empty; use another mirror")
    raise DownloadError(f"{told}; check the address and your access to it")


def read_headers(url: str, response: httpx.Response, wanted: int) -> tuple[Edition, int]:
    """Return which edition is being sent, and the byte at which the body begins."""
    headers = response.headers
    if headers.get("Content-Type", "").startswith("text/html"):
        raise DownloadError(
            f"{could_not(url)}: a web page came instead of drawings; check the address, and "
            "whether this network first wants you to log in"
        )
    if headers.get("Content-Encoding", "identity") != "identity":
        raise DownloadError(
            f"{could_not(url)}: the server compresses what was asked for plain; use another mirror"
        )
    tag = headers.get("ETag", "") or headers.get("Last-Modified", "")
    md5 = re.search(r"\bmd5=([A-Za-z0-9+/]{22}==)", headers.get("x-goog-hash", ""))
    if response.status_code == 206:
        span = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", headers.get("Content-Range", "").strip())
        if span is None or int(span[1]) != wanted:
            raise DownloadError(
                f"{could_not(url)}: asked for bytes from {wanted:,}, the server sent "
                f"{headers.get('Content-Range', 'an unnamed range')!r}; use another mirror"
            )
        begins, total = wanted, int(span[3])
    else:
        length = headers.get("Content-Length", "")
        if not length.isdecimal():
            raise DownloadError(
                f"{could_not(url)}: the server does not tell the file's length; use another mirror"
            )
        begins, total = 0, int(length)
    return Edition(tag, total, md5[1] if md5 else ""), begins


def _retry_after(value: str) -> float | None:
    """Read a Retry-After header: seconds, or a date.

    Examples
    --------
    >>> _retry_after("7"), _retry_after("Mon, 01 Jan 2001 00:00:00 GMT"), _retry_after("soon")
    (7.0, 0.0, None)
    """
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError):
        return None
