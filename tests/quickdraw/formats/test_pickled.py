"""Pickled arrays: those of every NumPy are read, and nothing in a pickle is ever run."""

from __future__ import annotations

import builtins
import io
import os
import pickle
import pickletools
import struct
import time
import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.errors import DataError
from inkgrad.quickdraw.formats import pickled
from inkgrad.quickdraw.formats.pickled import read_arrays
from tests.quickdraw.formats.writers import Python2Pickle, objects


def some(count: int, dtype: str = "<i2") -> list[np.ndarray]:
    rng = np.random.default_rng(count)
    return [rng.integers(-99, 99, (n, 3)).astype(dtype) for n in rng.integers(1, 99, count)]


def read(data: bytes) -> list[np.ndarray]:
    return list(read_arrays(io.BytesIO(data), "cat.npz: train"))


def assert_same(got: list[np.ndarray], expected: list[np.ndarray]) -> None:
    assert len(got) == len(expected)
    for ours, theirs in zip(got, expected, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("count", [0, 1, 2, 300, 2500])
def test_what_python_2_wrote(count):
    arrays = some(count)
    data = Python2Pickle().dumps(arrays)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy.core is an old name
        assert_same(list(pickle.loads(data, encoding="latin1")), arrays)  # it is a real pickle
    assert_same(read(data), arrays)


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("count", [0, 1, 2, 1001])
def test_what_python_3_writes(protocol, count):
    arrays = some(count)
    assert_same(read(pickle.dumps(objects(arrays), protocol)), arrays)


@pytest.mark.parametrize("dtype", ["<i2", ">i2", "i1", "u1", "<i4", "<i8", ">f4", "<f8", "<f2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_numbers_of_every_type_and_order(dtype, order):
    arrays = [array.astype(dtype, order=order) for array in some(3)]
    assert_same(read(pickle.dumps(objects(arrays), 4)), arrays)


def test_the_same_array_twice():
    (array,) = some(1)
    assert_same(read(pickle.dumps(objects([array, array]), 4)), [array, array])


def test_reading_stops_where_the_reader_stops():
    data = pickle.dumps(objects(some(3000)), 4)
    file = io.BytesIO(data)
    next(read_arrays(file, "cat.npz: train"))
    assert file.tell() < len(data) / 2


# Hostile pickles

GOOD = pickle.dumps(objects(some(3)), 2)


class Runs:
    """What runs a function when it is unpickled."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.function, self.arguments


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("inside", [False, True])
def test_nothing_in_a_pickle_is_run(tmp_path, protocol, inside):
    made = tmp_path / "made"
    for attack in (
        Runs(os.system, f"touch {made}"),
        Runs(os.mkdir, str(made)),
        Runs(builtins.exec, f"open({str(made)!r}, 'w')"),
        Runs(builtins.open, str(made), "w"),
    ):
        data = pickle.dumps(objects([attack]) if inside else attack, protocol)
        with pytest.raises(DataError, match=r"cat\.npz: train: .*nothing in it was run"):
            read(data)
        assert not made.exists()


def global_(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


ARRAY = global_("numpy.core.multiarray", "_reconstruct") + global_("numpy", "ndarray")
EMPTY = ARRAY + b"K\x00\x85U\x01b\x87R"  # an array in the making
TYPE = (
    global_("numpy", "dtype")
    + b"U\x02i2K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
)
OBJECT = global_("numpy", "dtype") + b"U\x02O8K\x00K\x01\x87R"


def outer(items: bytes, length: bytes = b"K\x01", dtype: bytes = OBJECT) -> bytes:
    return b"\x80\x02" + EMPTY + b"(K\x01" + length + b"\x85" + dtype + b"\x89](" + items + b"etb."


def item(
    shape: bytes = b"K\x02K\x03\x86", dtype: bytes = TYPE, data: bytes = b"U\x0c" + b"\1\0" * 6
):
    return EMPTY + b"(K\x01" + shape + dtype + b"\x89" + data + b"tb"


def test_the_parts_that_the_attacks_below_are_made_of_are_sound():
    assert read(outer(item()))[0].tolist() == [[1, 1, 1], [1, 1, 1]]


# A pair of pairs of pairs and so on: 2²⁰⁰ leaves for whoever walks through it.
DOUBLING = b")" + b"q\x00h\x00\x86" * 200

HOSTILE = {
    "nothing": b"",
    "a stop": b".",
    "an end without result": b"\x80\x02.",
    "a number": pickle.dumps(7, 2),
    "a list": pickle.dumps([1, 2], 2),
    "an array of numbers": pickle.dumps(np.zeros((2, 3), np.int16), 2),
    "a dict": pickle.dumps({"a": 1}, 2),
    "a set": pickle.dumps({1}, 4),
    "texts": pickle.dumps(objects(["a", "b"]), 2),
    "a name that Python warns of": b"\x80\x02cnumpy\nnd\\parray\n.",
    "a text that Python warns of": b"\x80\x02S'\\p'\n.",
    "nested object arrays": pickle.dumps(objects([objects(some(1))]), 2),
    "arrays of texts": pickle.dumps(objects([np.array([["a"]])]), 2),
    "arrays of dates": pickle.dumps(objects([np.zeros((1, 3), "M8[s]")]), 2),
    "arrays of records": pickle.dumps(objects([np.zeros((1, 3), [("a", "i2")])]), 2),
    "arrays of truth values": pickle.dumps(objects([np.zeros((1, 3), bool)]), 2),
    "complex arrays": pickle.dumps(objects([np.zeros((1, 3), complex)]), 2),
    "flat arrays": pickle.dumps(objects([np.zeros(3, np.int16)]), 2),
    "arrays of three dimensions": pickle.dumps(objects([np.zeros((1, 1, 3), np.int16)]), 2),
    "empty arrays": pickle.dumps(objects([np.zeros((0, 3), np.int16)]), 4),
    "a masked array": pickle.dumps(objects([np.ma.zeros((1, 3))]), 2),
    "protocol 5": pickle.dumps(objects(some(1)), 5),
    "protocol 0": pickle.dumps(objects(some(1)), 0),
    "data too short": outer(item(data=b"U\x0b" + b"\1" * 11)),
    "data too long": outer(item(data=b"U\x0d" + b"\1" * 13)),
    "data that are a number": outer(item(data=b"K\x07")),
    "data beyond latin-1": outer(item(data=b"X\x03\0\0\0\xe2\x82\xac")),
    "a terabyte": outer(item(shape=b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86")),
    "a negative shape": outer(item(shape=b"J\xff\xff\xff\xffK\x03\x86")),
    "two negatives": outer(item(shape=b"J\xfe\xff\xff\xffJ\xfd\xff\xff\xff\x86")),
    "a shape of texts": outer(item(shape=b"U\x01aU\x01b\x86")),
    "a shape of pairs": outer(item(shape=DOUBLING)),
    "a name of pairs": b"\x80\x04" + DOUBLING + DOUBLING + b"\x93.",
    "arguments of pairs": b"\x80\x02" + global_("numpy", "dtype") + DOUBLING + b"R.",
    "a state of pairs": b"\x80\x02" + EMPTY + DOUBLING + b"b.",
    "an item of pairs": outer(DOUBLING),
    "a result of pairs": b"\x80\x02" + DOUBLING + b".",
    "an array without state": outer(EMPTY),
    "a dtype for an array": outer(TYPE),
    "a name for an array": outer(global_("numpy", "ndarray")),
    "another dtype": outer(item(dtype=global_("numpy", "dtype") + b"U\x04,,,,K\x00K\x01\x87R")),
    "objects in an array": outer(item(dtype=OBJECT)),
    "the result is no object array": outer(item(), dtype=TYPE),
    "length too small": outer(item() + item()),
    "length too large": outer(item(), length=b"K\x02"),
    "length is a text": outer(item(), length=b"U\x01a"),
    "two lists": b"\x80\x02]].",
    "an appended list": b"\x80\x02](]e.",
    "append to nothing": b"\x80\x02K\x01K\x02a.",
    "append to a number": b"\x80\x02K\x01(K\x02e.",
    "append without a mark": b"\x80\x02]K\x02e.",
    "append to an empty stack": b"\x80\x02](0e.",
    "a memo that is not there": b"\x80\x02h\x07.",
    "a tuple without enough": b"\x80\x02K\x01\x87.",
    "a tuple without a mark": b"\x80\x02K\x01t.",
    "memo of nothing": b"\x80\x02q\x01.",
    "a call without a function": b"\x80\x02K\x01K\x02R.",
    "state for a number": b"\x80\x02K\x01K\x02b.",
    "numpy.load": b"\x80\x02" + global_("numpy", "load") + b"U\x01a\x85R.",
    "numpy.ndarray called": b"\x80\x02" + global_("numpy", "ndarray") + b"K\x01\x85R.",
    "numpy.ndarray of a terabyte": b"\x80\x02"
    + global_("numpy", "ndarray")
    + b"J\xff\xff\xff\x7f\x85\x85R.",
    "_reconstruct of a terabyte": b"\x80\x02" + ARRAY + b"J\xff\xff\xff\x7f\x85U\x01b\x87R.",
    "encode to a bomb": b"\x80\x02" + global_("_codecs", "encode") + b"X\1\0\0\0aU\x03zip\x86R.",
    "one text encoded again and again": b"\x80\x02"
    + global_("_codecs", "encode")
    + b"q\x00X\x40\x42\x0f\0"
    + b"a" * 1_000_000
    + b"X\6\0\0\0latin1\x86q\x01R"
    + b"h\x00h\x01R" * 1000
    + b".",
    "a getattr": b"\x80\x02" + global_("builtins", "getattr") + b".",
    "a name by stack": b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.",
    "a name that is a number": b"\x80\x04K\x01K\x02\x93.",
    "an extension": b"\x80\x02\x82\x01.",
    "a persistent id": b"\x80\x02Pid\n.",
    "an instance": b"(iposix\nsystem\n.",
    "an object": b"\x80\x02(cposix\nsystem\no.",
    "a new object": b"\x80\x02" + global_("numpy", "ndarray") + b"K\x01\x85\x81.",
    "a buffer": b"\x80\x05\x97.",
    "4 GB of bytes": b"\x80\x03B\xff\xff\xff\xff.",
    "2 GB of text": b"\x80\x02T\xff\xff\xff\x7f.",
    "negative length": b"\x80\x02T\xff\xff\xff\xff.",
    "8-byte length": b"\x80\x04\x8e" + b"\xff" * 8 + b".",
    "a long of 2 GB": b"\x80\x02\x8b\xff\xff\xff\x7f.",
    "no line end": b"\x80\x02c" + b"a" * 1000,
    "an unknown instruction": b"\x80\x02\xff.",
    "not ASCII": b"\x80\x02c\xff\n\xff\n.",
    "marks without end": b"\x80\x02" + b"(" * 20_000 + b".",
    "cut short": GOOD[:-1],
    "cut in half": GOOD[: len(GOOD) // 2],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pickles_are_refused_quickly_and_in_little_memory(name):
    tracemalloc.start()
    began = time.perf_counter()
    try:
        with pytest.raises(DataError, match=r"^cat\.npz: train: "):
            read(HOSTILE[name])
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
        assert time.perf_counter() - began < 5
    finally:
        tracemalloc.stop()


def test_the_number_of_instructions_is_bounded(monkeypatch):
    monkeypatch.setattr(pickled, "_MAX_STEPS", 100)
    with pytest.raises(DataError, match="heaps up more objects"):
        read(b"\x80\x04)" + b"\x85" * 100 + b".")


def test_every_cut_is_noticed():
    arrays = some(3)
    for data in (pickle.dumps(objects(arrays), 4), Python2Pickle().dumps(arrays)):
        for end in range(len(data)):
            with pytest.raises(DataError):
                read(data[:end])


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4))
def test_changed_bytes_give_arrays_or_a_data_error(changes):
    for protocol in (2, 4):
        data = bytearray(pickle.dumps(objects(some(2)), protocol))
        for place, value in changes:
            data[place % len(data)] = value
        try:
            arrays = read(bytes(data))
        except DataError:
            continue
        assert all(array.ndim == 2 for array in arrays)


INSTRUCTIONS = [opcode.code.encode("latin-1") for opcode in pickletools.opcodes]
PIECES = [EMPTY, TYPE, OBJECT, item(), b"K\x01", b"U\x01b", b"q\x01", b"h\x01", b"]", b"(", b"e"]


@given(st.lists(st.sampled_from(INSTRUCTIONS + PIECES * 3), max_size=30))
def test_any_program_gives_arrays_or_a_data_error(pieces):
    try:
        arrays = read(b"\x80\x02" + b"".join(pieces) + b".")
    except DataError:
        return
    assert all(array.ndim == 2 for array in arrays)


def test_lengths_of_python_2_on_windows():
    """There, shapes are of the type long."""
    long = b"\x8a\x02" + struct.pack("<h", 2)
    assert read(outer(item(shape=long + b"\x8a\x01\x03\x86")))[0].shape == (2, 3)
