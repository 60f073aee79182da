"""Fetching cats from a server on the loopback, as the tests of downloads do."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pytest

from inkgrad.errors import DownloadError
from inkgrad.quickdraw.cache import held, mirror_folder
from inkgrad.quickdraw.fetch import fetch

from .bucket import Bucket

CAT = "numpy_bitmap/cat.npy"
ROW = 784
HEADER = 128
OVERLAP = 4096  # bytes that every request but the first asks for again


def drawings(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, ROW), dtype=np.uint8)


ROWS = drawings(40)
LINES = [f'{{"word":"cat","drawing":[[[0,{n}],[0,255]]]}}' for n in range(200)]


fetch_bitmaps = functools.partial(fetch, "numpy_bitmap")


def fetch_file(kind: str, name: str, rows: int | None, **options) -> Path:
    return fetch(kind, [name], rows, **options)[name]


class Fetcher:
    """Fetches cats from a bucket into a cache, quickly, and looks at what is left."""

    def __init__(self, bucket: Bucket, cache: Path) -> None:
        self.bucket, self.cache = bucket, cache
        self.slept: list[float] = []
        self.told: list[tuple[str, int, int]] = []
        self.folder = mirror_folder(bucket.url, cache)
        self.file = self.folder / CAT
        self.part = self.file.with_name("cat.npy.part")

    def __call__(self, rows: int | None = 10, kind: str = "numpy_bitmap", **options) -> Path:
        options = {"timeout": 2.0, "retries": 2, **options}
        return fetch_file(
            kind,
            "cat",
            rows,
            base_url=self.bucket.url,
            cache=self.cache,
            sleep=self.slept.append,
            progress=lambda *told: self.told.append(told),
            **options,
        )

    def refuses(self, match: str, rows: int | None = 10, **options) -> None:
        """Check that fetching fails with this message, and that nothing is trusted after it."""
        with pytest.raises(DownloadError, match=match) as caught:
            self(rows, **options)
        message = str(caught.value)
        assert "\n" not in message
        assert "127.0.0.1" in message
        assert held(self.file) is None
        assert not self.file.exists()
        if self.part.exists():  # what is kept to go on with is right
            remote = self.bucket.files[CAT]
            assert self.part.read_bytes() == remote[: self.part.stat().st_size]


def leftovers(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}
