"""Damage to files: small changes to valid bytes, drawn by a seeded generator."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

__all__ = ["mutant"]

_NUMBER = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?")
_TEXT = re.compile(rb'"[^"]*"')
_NUMBERS = (
    *(b"0", b"-1", b"1.5", b"true", b"null", b'"1"', b"[]", b"{}", b"NaN", b"Infinity"),
    *(b"-Infinity", b"1e400", b"-1e308", b"1e-400", b"2147483648", b"-9223372036854775809"),
    *(b"18446744073709551616", b"9" * 99, b"9" * 4301, b"10L", b"5ex", b"3em", b"50%", b"1/0"),
)
_WORDS = (
    *(b"", b"\0", b"\n", b"\r\n", b'"', b"\\", b"\\ud800", b"\x1b[2J", b"\xff", b"\xed\xa0\x80"),
    *(b"\xe2\x80\xae", b"__proto__", b"'", b"<", b"&", b",", b":", b"{", b"}", b"[", b"]", b"("),
)
_DEEP = (b"[", b"{", b"(", b'{"a":', b"<g>", b"(" + b"-" * 3, b"[[")


def mutant(valid: bytes, seed: str) -> bytes:
    """Return `valid` with one to four kinds of damage, always the same for the same seed."""
    rng = random.Random(seed)
    data = bytearray(valid)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 4))):
        rng.choice(_DAMAGES)(rng, data)
    return bytes(data)


def _flip(rng: random.Random, data: bytearray) -> None:
    for _ in range(rng.choice((1, 1, 4))):
        if data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _overwrite(rng: random.Random, data: bytearray) -> None:
    if data:
        data[rng.randrange(len(data))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, 0x2D, 0x30))


def _cut(rng: random.Random, data: bytearray) -> None:
    start, end = _span(rng, data)
    del data[start : rng.choice((end, len(data)))]


def _insert(rng: random.Random, data: bytearray) -> None:
    at = rng.randint(0, len(data))
    data[at:at] = rng.choice((rng.choice(_WORDS), rng.randbytes(rng.randint(1, 9))))


def _repeat(rng: random.Random, data: bytearray) -> None:
    start, end = _span(rng, data)
    at = rng.randint(0, len(data))
    data[at:at] = data[start:end] * rng.choice((1, 1, 2, 50))


def _swap(rng: random.Random, data: bytearray) -> None:
    start, end = _span(rng, data)
    piece = data[start:end]
    del data[start:end]
    at = rng.randint(0, len(data))
    data[at:at] = piece


def _number(rng: random.Random, data: bytearray) -> None:
    _replace(rng, data, _NUMBER, _NUMBERS)


def _text(rng: random.Random, data: bytearray) -> None:
    _replace(rng, data, _TEXT, (*_NUMBERS, *(b'"' + word + b'"' for word in _WORDS)))


def _deepen(rng: random.Random, data: bytearray) -> None:
    at = rng.randint(0, len(data))
    data[at:at] = rng.choice(_DEEP) * rng.choice((3, 101, 990, 5000))


_DAMAGES: tuple[Callable[[random.Random, bytearray], None], ...] = (
    *(_flip, _overwrite, _cut, _insert, _repeat, _swap, _number, _number, _text, _text, _deepen),
)


def _span(rng: random.Random, data: bytearray) -> tuple[int, int]:
    start = rng.randint(0, len(data))
    return start, min(len(data), start + rng.choice((1, 2, 8, 64)))


def _replace(
    rng: random.Random, data: bytearray, pattern: re.Pattern[bytes], by: tuple[bytes, ...]
) -> None:
    found = list(pattern.finditer(data))
    if found:
        start, end = rng.choice(found).span()
        data[start:end] = rng.choice(by)
