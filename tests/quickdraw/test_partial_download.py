"""The part of a file: what of it is believed when it is opened again."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import numpy as np
import pytest

from inkgrad.quickdraw.edition import Edition
from inkgrad.quickdraw.partial_download import PartialDownload

from .fetcher import leftovers

BLOCK = 1 << 16
CONTENT = np.random.default_rng(0).bytes(5 * BLOCK + 1000)
EDITION = Edition('"a1"', total=len(CONTENT) + 7)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Return a target with a part that holds CONTENT, received in odd pieces."""
    with PartialDownload(tmp_path / "a") as part:
        part.begin(EDITION)
        for start in range(0, len(CONTENT), 10_000):
            part.append(CONTENT[start : start + 10_000])
    return tmp_path / "a"


def note_of(target: Path) -> Path:
    return target.with_name("a.part.json")


def sums(target: Path) -> list[int]:
    """Return the lengths whose sums are noted."""
    return [int(line.split()[0]) for line in note_of(target).read_text().splitlines()[1:]]


def test_a_part_is_gone_on_with(target: Path) -> None:
    for _ in range(2):
        with PartialDownload(target) as part:
            assert (part.edition, part.size) == (EDITION, len(CONTENT))
            assert part.read(0, part.size) == CONTENT
    assert sums(target) == [70_000, 140_000, 210_000, 280_000, len(CONTENT)]


@pytest.mark.parametrize(
    ("at", "left"),
    [(0, 0), (69_999, 0), (70_000, 70_000), (250_000, 210_000), (len(CONTENT) - 1, 280_000)],
)
def test_damaged_bytes_are_cut_off_with_all_that_follow(target: Path, at: int, left: int) -> None:
    path = target.with_name("a.part")
    content = bytearray(path.read_bytes())
    content[at] ^= 4
    path.write_bytes(content)
    with PartialDownload(target) as part:
        assert part.size == left
        assert part.edition == (EDITION if left else None)
        if left:
            part.append(CONTENT[left:])
    if left:
        with PartialDownload(target) as part:
            assert part.read(0, part.size) == CONTENT


@pytest.mark.parametrize("size", [0, 1, 69_999, 70_000, 300_000])
def test_a_part_that_lost_its_end(target: Path, size: int) -> None:
    os.truncate(target.with_name("a.part"), size)
    with PartialDownload(target) as part:
        assert part.size == max(n for n in (0, 70_000, 140_000, 210_000, 280_000) if n <= size)


def test_bytes_without_a_sum_are_cut_off(target: Path) -> None:
    with open(target.with_name("a.part"), "ab") as file:
        file.write(b"half a bl")
    with PartialDownload(target) as part:
        assert part.size == len(CONTENT)
        part.append(b"0123456")
    with PartialDownload(target) as part:
        assert part.read(0, part.size) == CONTENT + b"0123456"


@pytest.mark.parametrize(
    ("line", "new", "left"),
    [
        (5, b"327680 1", 280_000),
        (5, b"-1 1", 280_000),
        (5, b"true false", 280_000),
        (5, b"[1, 2]", 280_000),
        (5, b"9" * 5000 + b" 1", 280_000),
        (3, b"", 140_000),
        (3, b"\xff\xff", 140_000),
        (3, b"140000 1", 140_000),
        (1, b"0 0", 0),
        (0, b'{"tag": "x", "total": 3}', 0),
        (0, b'{"tag": "x", "total": true}', 0),
        (0, b'{"tag": "x", "total": 1e9}', 0),
        (0, b'{"tag": "x", "tag": "x", "total": 1000000}', 0),
        (0, b'{"tag": "", "total": 1000000}', 0),
        (0, b"[" * 100_000, 0),
        (0, b"{" * (1 << 21), 0),
    ],
)
def test_a_damaged_line_of_the_note(target: Path, line: int, new: bytes, left: int) -> None:
    written = note_of(target).read_bytes().split(b"\n")
    written[line] = new
    note_of(target).write_bytes(b"\n".join(written))
    with PartialDownload(target) as part:
        assert part.size == left


def test_a_note_that_was_cut_anywhere(target: Path) -> None:
    note, content = note_of(target).read_bytes(), target.with_name("a.part").read_bytes()
    for length in range(0, len(note), 3):
        note_of(target).write_bytes(note[:length])
        target.with_name("a.part").write_bytes(content)
        with PartialDownload(target) as part:
            assert part.size in (0, 70_000, 140_000, 210_000, 280_000)


def test_a_note_is_json_and_sums(target: Path) -> None:
    edition, *lines = note_of(target).read_text().splitlines()
    assert Edition.from_note(json.loads(edition)) == EDITION
    assert len(lines) == 5


def test_what_is_learnt_later_is_noted(target: Path) -> None:
    md5 = "A" * 22 + "=="
    with PartialDownload(target) as part:
        part.begin(Edition('"a1"', EDITION.total, md5))
    with PartialDownload(target) as part:
        assert part.edition == Edition('"a1"', EDITION.total, md5)
        assert part.size == len(CONTENT)


def test_bytes_that_come_twice_are_compared(tmp_path: Path) -> None:
    with PartialDownload(tmp_path / "a") as part:
        part.begin(EDITION)
        assert part.accept(0, b"abcd")
        assert part.accept(2, b"cdef")
        assert part.accept(1, b"bc")
        assert not part.accept(0, b"abcdeX")
        assert not part.accept(5, b"Xghi")
        assert part.accept(6, b"g")
        assert part.read(0, 99) == b"abcdefg"


def test_of_a_silent_server_nothing_stays(tmp_path: Path) -> None:
    with PartialDownload(tmp_path / "a") as part:
        part.begin(Edition("", 100))
        part.append(b"abc")
        file = io.BytesIO()
        part.copy_to(file, 0, 3)
        assert file.getvalue() == b"abc"
    assert leftovers(tmp_path) == set()
