"""A server for every test that wants one, and no way to any other."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from .bucket import Bucket
from .fetcher import LINES, ROWS, Fetcher

CERTIFICATES = ssl.create_default_context()


@pytest.fixture(autouse=True)
def no_place_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no place of drawings come from the environment."""
    monkeypatch.delenv("INKGRAD_DATA", raising=False)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    # Reading the certificates takes every client 20 ms; the loopback needs none.
    monkeypatch.setattr(ssl, "create_default_context", lambda **_: CERTIFICATES)
    with Bucket() as bucket:
        yield bucket


@pytest.fixture
def bucket(server: Bucket) -> Bucket:
    """Return a server that has cats."""
    server.put_bitmaps("cat", ROWS)
    server.put_lines("cat", LINES)
    return server


@pytest.fixture
def fetcher(bucket: Bucket, tmp_path: Path) -> Fetcher:
    return Fetcher(bucket, tmp_path / "cache")


@pytest.fixture
def no_flushing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write files without flushing them, for tests of hundreds of files and no power cut."""
    settings = {"fsync": lambda descriptor: None, "replace": os.replace}
    monkeypatch.setattr("inkgrad.storage.atomic_write.__wrapped__.__kwdefaults__", settings)
    monkeypatch.setattr("inkgrad.storage.sync_folder.__kwdefaults__", {"fsync": settings["fsync"]})
