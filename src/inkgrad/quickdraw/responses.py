"""What a server's answer means: its status and headers, and the errors that they tell of."""

from __future__ import annotations

import re
import time
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

from inkgrad.errors import DownloadError
from inkgrad.quickdraw.cache import without_secrets
from inkgrad.quickdraw.edition import MD5, Edition

if TYPE_CHECKING:
    import httpx

__all__ = [
    "Body",
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
_NUMBER = "([0-9]{1,18})"  # more digits than any file's length has
_SPAN = re.compile(f"bytes {_NUMBER}-{_NUMBER}/{_NUMBER}")


class Body(NamedTuple):
    """What is being sent: of which edition, from which byte on, and up to which."""

    edition: Edition
    begins: int
    ends: int


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
    """The server's file is no longer the one that the part at hand was taken from.

    Parameters
    ----------
    url : str
        The file's address.
    """

    def __init__(self, url: str) -> None:
        super().__init__(f"{could_not(url)}: the file was changed meanwhile; try again")


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
            raise ChangedError(url)
        raise DownloadError(f"{told}: the file is empty; use another mirror")
    raise DownloadError(f"{told}; check the address and your access to it")


def read_headers(url: str, response: httpx.Response, wanted: int) -> Body:
    """Return what is being sent, where the bytes from `wanted` on were asked for."""
    headers = response.headers
    if headers.get("Content-Type", "").lower().startswith("text/html"):
        raise DownloadError(
            f"{could_not(url)}: a web page came instead of drawings; check the address, and "
            "whether this network first wants you to log in"
        )
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise DownloadError(
            f"{could_not(url)}: the server compresses what was asked for plain; use another mirror"
        )
    if response.status_code == 206:
        span = _SPAN.fullmatch(headers.get("Content-Range", "").strip())
        begins, last, total = (int(number) for number in span.groups()) if span else (-1, -1, -1)
        if begins != wanted or not begins <= last < total:
            raise DownloadError(
                f"{could_not(url)}: asked for bytes from {wanted:,}, the server sent "
                f"{headers.get('Content-Range', 'an unnamed range')!r}; use another mirror"
            )
        return Body(_edition(response, total), begins, last + 1)
    length = re.fullmatch(_NUMBER, headers.get("Content-Length", "").strip())
    if length is None:
        raise DownloadError(
            f"{could_not(url)}: the server does not tell the file's length; use another mirror"
        )
    return Body(_edition(response, int(length[1])), 0, int(length[1]))


def _edition(response: httpx.Response, total: int) -> Edition:
    """Return which edition of the file an answer belongs to, by all that it tells."""
    headers = response.headers
    md5 = re.search(rf"\bmd5=({MD5.pattern})", headers.get("x-goog-hash", ""))
    if md5 is None and response.status_code == 200:  # in a 206 it may be the sum of the range
        md5 = re.fullmatch(rf"({MD5.pattern})", headers.get("Content-MD5", "").strip())
    return Edition(
        tag=headers.get("ETag", ""),
        total=total,
        md5=md5[1] if md5 else "",
        modified=headers.get("Last-Modified", ""),
    )


def _retry_after(value: str) -> float | None:
    """Read a Retry-After header: seconds, or a date.

    Examples
    --------
    >>> _retry_after("7"), _retry_after("Mon, 01 Jan 2001 00:00:00 GMT"), _retry_after("soon")
    (7.0, 0.0, None)
    """
    if re.fullmatch(_NUMBER, value.strip()):
        return float(value)
    try:
        date = parsedate_to_datetime(value)
        if date.tzinfo is None:  # "-0000": in universal time all the same
            date = date.replace(tzinfo=timezone.utc)
        return max(0.0, date.timestamp() - time.time())
    except (ValueError, TypeError, OverflowError, IndexError):  # the last: Python's own parser
        return None
