"""Hundreds of downloads over a line that cuts, flips bits and switches editions under way.

Whatever happens, a file that is trusted holds the drawings of one edition. Every trial is drawn
from its number, so that one that fails can be looked at by itself.
"""

from __future__ import annotations

import io
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from inkgrad.errors import DownloadError
from inkgrad.quickdraw.cache import held, mirror_folder
from inkgrad.quickdraw.fetch import fetch
from tests.thorough import THOROUGH

from .bucket import Answer, Bucket, both, cut, fine, flip, header, ignore_range, status

pytestmark = pytest.mark.usefixtures("no_flushing")

ROWS = 40
TAGS = ("none", "date", "weak", "etag", "weak date", "etag date")
KINDS = {"numpy_bitmap": ".npy", "simplified": ".ndjson"}


class Trial:
    """A file on a server that has two editions of it, and a few calls that fetch from it.

    The editions are as long as each other. If the server always tells something by which they
    can be told apart, they differ in one place; otherwise in every drawing.
    """

    def __init__(self, seed: int, bucket: Bucket, cache: Path) -> None:
        self.rng = random.Random(seed)
        self.bucket, self.cache = bucket, cache
        self.kind = self.rng.choice(list(KINDS))
        self.name = f"class {seed}"  # no trial meets the files of another
        bucket.tags = self.rng.choice(TAGS)
        bucket.hashes = self.rng.random() < 0.4
        bucket.content_md5 = self.rng.random() < 0.2
        self.forgetful = self.rng.random() < 0.3  # some answers lack what others tell
        told = (bucket.tags != "none" or bucket.hashes) and not self.forgetful
        self.flips = bucket.hashes and not self.forgetful and self.rng.random() < 0.3
        self.damages = self.rng.random() < 0.3  # our own disk
        self.editions = self._editions(everywhere=not told)
        self.paths = [
            f"{folder}/{self.name}{KINDS[self.kind]}" for folder in (self.kind, "edge0", "edge1")
        ]
        for path in self.paths:
            bucket.always(path, self.fault)
        self.serve(0)
        self.outcomes: Counter[str] = Counter()

    def _editions(self, everywhere: bool) -> list[list[bytes]]:
        """Return the records of both editions."""
        if self.kind == "numpy_bitmap":
            rng = np.random.default_rng(self.rng.randrange(1 << 30))
            first, second = ([rng.bytes(784) for _ in range(ROWS)] for _ in range(2))
        else:
            pattern = b'{"word":"cat","drawing":[[[%d,%d],[0,255]]],"more":"%s"}\n'
            first, second = (
                [pattern % (100 + n, 300 + other, b"x" * 7 * n) for n in range(ROWS)]
                for other in range(2)
            )
        if not everywhere:
            place = self.rng.randrange(ROWS)
            second = [*first[:place], second[place], *first[place + 1 :]]
        return [first, second]

    def serve(self, edition: int) -> None:
        """Put an edition on the server; its edges have both."""
        for path, records in zip(self.paths, [self.editions[edition], *self.editions], strict=True):
            self.bucket.files[path] = content(self.kind, records)

    def fault(self, answer: Answer) -> None:
        """Misbehave at random: the server, the line, or whoever uploads new editions."""
        rng = self.rng
        fault = rng.choice(
            [
                fine,
                fine,
                cut(rng.randrange(1 + len(answer.body))),
                cut(rng.randrange(1 + len(answer.body))),
                ignore_range,
                both(ignore_range, cut(rng.randrange(1 + len(answer.whole)))),
                status(503),
                status(
                    302,
                    Location=f"{self.bucket.url}/edge{rng.randrange(2)}/{self.name}"
                    f"{KINDS[self.kind]}",
                ),
            ]
        )
        fault(answer)
        if answer.status in {200, 206}:
            if self.forgetful and rng.random() < 0.5:
                for told in ("ETag", "Last-Modified", "x-goog-hash"):
                    header(told, None)(answer)
            if self.flips and rng.random() < 0.5:
                flip(rng.randrange(1 << 20))(answer)
        if rng.random() < 0.4:
            self.serve(rng.randrange(2))

    def call(self, rows: int | None) -> None:
        """Fetch, and count how that ends."""
        try:
            path = fetch(
                self.kind,
                [self.name],
                rows,
                base_url=self.bucket.url,
                cache=self.cache,
                retries=3,
                sleep=lambda _: None,
            )[self.name]
        except DownloadError:
            path = mirror_folder(self.bucket.url, self.cache) / self.paths[0]
            self.outcomes["refused"] += 1
            if held(path) is None:
                self.damage(path.with_name(path.name + ".part"))
                return
        else:
            self.outcomes["fetched"] += 1
        if not self.is_right(path):
            self.outcomes["wrong"] += 1

    def damage(self, part: Path) -> None:
        """Let the disk change a bit of the part, or lose its end."""
        if self.damages and part.exists() and part.stat().st_size > 0:
            content = bytearray(part.read_bytes())
            place = self.rng.randrange(len(content))
            if self.rng.random() < 0.5:
                content[place] ^= 1 << self.rng.randrange(8)
            else:
                content[place:] = bytes(len(content) - place)  # as a power cut leaves a block
            part.write_bytes(content)

    def is_right(self, path: Path) -> bool:
        """Whether a file has the first drawings of one edition."""
        if self.kind == "numpy_bitmap":
            records = [row.tobytes() for row in np.load(path)]
        else:
            records = path.read_bytes().splitlines(keepends=True)
        return any(records == edition[: len(records)] for edition in self.editions)

    def run(self) -> Counter[str]:
        for _ in range(3):
            self.call(None if self.flips else self.rng.choice([3, 10, 25, ROWS, None]))
        return self.outcomes


def content(kind: str, records: list[bytes]) -> bytes:
    """Return a file with these records."""
    if kind == "simplified":
        return b"".join(records)
    return np_header(len(records)) + b"".join(records)


def np_header(rows: int) -> bytes:
    file = io.BytesIO()
    form = {"descr": "|u1", "fortran_order": False, "shape": (rows, 784)}
    np.lib.format.write_array_header_1_0(file, form)
    return file.getvalue()


def run(trials: range, bucket: Bucket, cache: Path) -> tuple[Counter[str], list[int]]:
    """Run trials; return how their calls ended, and the numbers of those with wrong files."""
    outcomes: Counter[str] = Counter()
    wrong = []
    for seed in trials:
        ended = Trial(seed, bucket, cache).run()
        outcomes += ended
        if ended["wrong"]:
            wrong.append(seed)
    return outcomes, wrong


def test_no_wrong_file_over_a_flaky_line(server: Bucket, tmp_path: Path) -> None:
    outcomes, wrong = run(range(36), server, tmp_path)
    assert wrong == []
    assert outcomes["fetched"] > 50  # and the line is not so bad that nothing is fetched
    assert outcomes["refused"] > 20


@pytest.mark.slow
def test_no_wrong_file_in_a_thousand_downloads(server: Bucket, tmp_path: Path) -> None:
    outcomes, wrong = run(range(100, 100 + 350 * THOROUGH), server, tmp_path)
    assert wrong == []
    assert outcomes["fetched"] + outcomes["refused"] >= 1000 * THOROUGH
    assert outcomes["fetched"] > 500 * THOROUGH
