"""Whatever is wrong with a file, only the documented errors come out: damaged files, by chance."""

from __future__ import annotations

import time
import warnings
from pathlib import Path

import pytest

from inkgrad.text import LONGEST
from tests.fuzz.mutants import mutant
from tests.fuzz.readers import Reader, make_readers
from tests.thorough import THOROUGH

QUICK, LONG = 60, 500 * THOROUGH  # mutants of each reader
MOST_SECONDS = 5.0  # for one


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Reader]:
    return make_readers(tmp_path_factory.mktemp("valid"))


NAMES = [
    *("npy", "npy headers", "pickled", "npz", "npz members", "json", "ndjson", "csv"),
    *("forms of strokes", "documents", "inkml", "bin"),
    *("svg", "svg text", "picture .png", "picture .jpg", "picture .gif", "picture .bmp"),
    *("picture .webp", "picture .tif", "standard input", "folder", "places", "tasks"),
    *("suspicious", "model"),
    *("model's description", "checkpoint", "checkpoint's facts", "run", "metrics", "question"),
    "sent picture",
]


def refusal(reader: Reader, data: bytes, folder: Path) -> str | None:
    """Have data read; return how it is refused, or None. Other errors come out, and warnings."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            reader.read(data, folder)
    except reader.may_raise as error:
        return "the system" if isinstance(error, OSError) else str(error)
    return None


def fuzz(reader: Reader, name: str, mutants: int, folder: Path) -> int:
    """Have damaged input read; return how much of it was refused."""
    refused = 0
    for number in range(int(reader.share * mutants)):
        seed = f"{name} {number}"
        data = mutant(reader.valid[number % len(reader.valid)], seed)
        start = time.perf_counter()
        try:
            told = refusal(reader, data, folder)
        except Exception as error:
            raise AssertionError(f"mutant {seed!r}: {type(error).__name__}: {error}") from error
        assert time.perf_counter() - start < MOST_SECONDS, seed
        if told is not None:
            refused += 1
            assert told.isprintable(), seed
            assert len(told) <= LONGEST, seed
    return refused


def test_all_are_tried(readers):
    assert list(readers) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_what_is_valid_is_read(readers, name, tmp_path):
    for data in readers[name].valid:
        told = refusal(readers[name], data, tmp_path)
        assert told is None or name in ("places", "npy headers")


JSON = [
    *("json", "ndjson", "documents", "standard input", "folder", "tasks"),
    "model's description",
    *("suspicious", "checkpoint's facts", "run", "question"),
]


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        (b'"x": 1, "x": 2, ', "the key 'x' stands twice in an object"),
        (b'"x": {"y": 1, "y": 1}, ', "the key 'y' stands twice in an object"),
        (b'"x": NaN, ', "NaN is not a number"),
        (b'"x": -1e999, ', "a number is beyond 1.8e308"),
        (b'"x": %s, ' % (b"9" * 4301), "a number has 100 digits or more"),
        (b'"x": %s, ' % (b"[" * 600 + b"]" * 600), "lists are nested too deeply"),
    ],
    ids=["a key twice", "a key twice within", "NaN", "too large", "too long", "too deep"],
)
@pytest.mark.parametrize("name", JSON)
def test_every_door_refuses_what_is_ambiguous(readers, name, extra, told, tmp_path):
    data = readers[name].valid[0]
    at = data.index(b"{") + 1
    assert told in (refusal(readers[name], data[:at] + extra + data[at:], tmp_path) or "read")


@pytest.mark.parametrize("name", NAMES)
def test_only_documented_errors_come_out(readers, name, tmp_path):
    assert fuzz(readers[name], name, QUICK, tmp_path) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_only_documented_errors_come_out_of_many_more(readers, name, tmp_path):
    assert fuzz(readers[name], name, LONG, tmp_path) > LONG // 50
