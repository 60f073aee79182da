"""The identity of a server's file, and the notes on the disk that hold it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from inkgrad.json_text import parse_json

__all__ = ["LARGEST_NOTE", "MD5", "Edition", "parse_note"]

LARGEST_NOTE = 1 << 20  # bytes; a note holds three headers, and a server can send 100 KB of them
MD5 = re.compile(r"[A-Za-z0-9+/]{22}==")
"""Base64 of an MD5 sum."""

_LARGEST_FILE = 10**18  # bytes


@dataclass(frozen=True)
class Edition:
    """Which edition of a file a server holds, by its own account.

    Parameters
    ----------
    tag : str
        The ETag; empty if the server tells none.
    total : int
        Length of the file in bytes.
    md5 : str
        Base64 of the whole file's MD5 sum; empty if the server tells none.
    modified : str
        The date of last modification, as the server writes it; empty if it tells none.

    Examples
    --------
    >>> first = Edition('"a1"', 9)
    >>> first.agrees(Edition('"a1"', 9, modified="Mon, 01 Jan 2024 00:00:00 GMT"))
    True
    >>> first.agrees(Edition('"b2"', 9)), first.agrees(Edition("", 9))
    (False, False)
    """

    tag: str
    total: int
    md5: str = ""
    modified: str = ""

    @property
    def told(self) -> bool:
        """Whether the server tells anything that another edition of this length would not have."""
        return bool(self.tag or self.md5 or self.modified)

    def agrees(self, other: Edition | None) -> bool:
        """Whether, by the server's account, bytes of the two may stand in one file.

        The lengths are equal, nothing that both tell differs, and if either tells anything, both
        tell some of it. Two that tell nothing but the length agree: only comparing their bytes
        can show a difference.
        """
        if other is None or self.total != other.total:
            return False
        pairs = zip(self._signs(), other._signs(), strict=True)
        shared = [(mine, theirs) for mine, theirs in pairs if mine and theirs]
        vouched = bool(shared) or not (self.told or other.told)
        return vouched and all(mine == theirs for mine, theirs in shared)

    def joined(self, other: Edition) -> Edition:
        """Return what two answers about one edition tell together."""
        tag, md5, modified = (
            mine or theirs for mine, theirs in zip(self._signs(), other._signs(), strict=True)
        )
        return Edition(tag, self.total, md5, modified)

    @classmethod
    def from_note(cls, note: object) -> Edition:
        """Return the edition that a note's JSON object holds.

        Raises
        ------
        ValueError
            If it is no such object, or a value has another type or is impossible.
        """
        if not isinstance(note, dict) or not {"tag", "total"} <= set(note):
            raise ValueError("not an edition")
        total = note["total"]
        signs = [value for key, value in note.items() if key != "total"]
        if not set(note) <= {"tag", "total", "md5", "modified"} or type(total) is not int:
            raise ValueError("not an edition")
        if not 0 <= total <= _LARGEST_FILE or any(type(sign) is not str for sign in signs):
            raise ValueError("not an edition")
        edition = cls(**note)
        if edition.md5 and MD5.fullmatch(edition.md5) is None:
            raise ValueError("not an MD5 sum")
        return edition

    def _signs(self) -> tuple[str, str, str]:
        return self.tag, self.md5, self.modified


def parse_note(data: bytes) -> dict[str, object]:
    """Parse the JSON object of a note, which anybody may have changed.

    Raises
    ------
    ValueError
        If it is larger than `LARGEST_NOTE`, is not a JSON object, or is refused by
        `inkgrad.json_text.parse_json`.

    Examples
    --------
    >>> parse_note(b'{"size": 3}')
    {'size': 3}
    >>> parse_note(b'{"size": 3, "size": 4}')
    Traceback (most recent call last):
    inkgrad.json_text.JsonError: the key 'size' stands twice in an object
    """
    if len(data) > LARGEST_NOTE:
        raise ValueError("too large for a note")
    note = parse_json(data)
    if not isinstance(note, dict):
        raise ValueError("not an object")
    return note
