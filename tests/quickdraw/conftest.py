"""A server for every test that wants one, and no way to any other."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import pytest

from .bucket import Bucket

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
