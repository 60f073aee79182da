"""safetensors.js reads what the library writes, writes what it reads, and trusts nothing."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from tests.web.javascript import JavaScriptError

MODULE = "tests/model.js"


def whole(data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.uint8)


def file(header: Any, body: bytes = b"") -> np.ndarray:
    """Return a file by hand: the header as a value or as it is."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return whole(struct.pack("<Q", len(text)) + text + body)


def entry(shape: Any, start: Any, end: Any, dtype: Any = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def as_dict(found: dict[str, Any]) -> dict[str, np.ndarray]:
    return {name: t["data"].reshape([int(n) for n in t["shape"]]) for name, t in found["tensors"]}


def test_what_the_library_writes_is_read(javascript):
    rng = np.random.default_rng(0)
    tensors = {
        "a.weight": rng.normal(size=(3, 2, 5)).astype(np.float32),
        "z": np.array([np.nan, np.inf, -np.inf, -0.0, 1e-45, 3e38], np.float32),
        "empty": np.zeros((0, 4), np.float32),
        "one": np.array(7, np.float32),
        "half": rng.normal(size=7).astype(np.float16),
        "__proto__": np.arange(3, dtype=np.float32),
    }
    metadata = {"ink": "ç ✓ \n", "format": ""}
    found = javascript.call(MODULE, "tensorsOf", whole(save(tensors, metadata)))
    assert found["metadata"] == metadata
    read = as_dict(found)
    assert read.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert read[name].dtype == np.float32
        np.testing.assert_array_equal(read[name], tensor.astype(np.float32), strict=True)
    assert javascript.call(MODULE, "tensorsOf", whole(save({}))) == {"metadata": {}, "tensors": []}


def test_every_half_is_read_exactly(javascript):
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    found = javascript.call(MODULE, "tensorsOf", whole(save({"h": halves})))
    read, expected = as_dict(found)["h"], halves.astype(np.float32)
    np.testing.assert_array_equal(np.isnan(read), np.isnan(expected))
    finite = ~np.isnan(expected)
    assert read[finite].tobytes() == expected[finite].tobytes()


def test_whole_numbers_are_multiplied_by_their_scales(javascript):
    rng = np.random.default_rng(2)
    tensors, expected = {}, {}
    for name, shape in [("c.weight", (3, 2, 3, 1)), ("d.weight", (5, 4))]:
        steps = rng.integers(-127, 128, shape).astype(np.int8)
        scale = rng.normal(size=shape[0] if len(shape) == 4 else shape[1]).astype(np.float32)
        tensors |= {name: steps, f"{name}.scale": scale}
        expected[name] = steps * (scale[:, None, None, None] if len(shape) == 4 else scale)
    read = as_dict(javascript.call(MODULE, "tensorsOf", whole(save(tensors))))
    assert read.keys() == expected.keys()
    for name, tensor in expected.items():
        np.testing.assert_array_equal(read[name], tensor, strict=True)
    del tensors["d.weight.scale"]
    with pytest.raises(
        Exception, match=r"'d\.weight' is of whole numbers without a scale for each"
    ):
        javascript.call(MODULE, "tensorsOf", whole(save(tensors)))


def test_what_is_written_is_read_by_the_library(javascript):
    rng = np.random.default_rng(1)
    for length in range(9):  # of a name: the header is filled up to whole words
        tensors = {
            "x" * length: rng.normal(size=(2, 3)).astype(np.float32),
            "é": np.array(-0.0, np.float32),
            "none": np.zeros((2, 0), np.float32),
        }
        sent = [[name, list(t.shape), t.ravel()] for name, t in tensors.items()]
        written = javascript.call(MODULE, "written", sent, {"ink": "ç ✓"}).tobytes()
        read = load(written)
        assert read.keys() == tensors.keys()
        for name, tensor in tensors.items():
            assert read[name].tobytes() == tensor.tobytes()
            assert read[name].shape == tensor.shape
        again = javascript.call(MODULE, "tensorsOf", whole(written))
        assert again["metadata"] == {"ink": "ç ✓"}
        (header,) = struct.unpack("<Q", written[:8])
        assert header % 8 == 0


GOOD = file({"a": entry([2], 0, 8)}, bytes(8))
HOSTILE = {
    "empty": whole(b""),
    "seven bytes": whole(bytes(7)),
    "header beyond the end": whole(struct.pack("<Q", 9) + b"{}"),
    "header of 2^63": whole(struct.pack("<Q", 2**63) + b"{}"),
    "no header": whole(bytes(8)),
    "header not JSON": file(b"oops"),
    "header not UTF-8": file(b'{"\xff": 1}'),
    "header after a mark": file(b"\xef\xbb\xbf{}"),
    "header a list": file([]),
    "header null": file(None),
    "header a text": file("ink"),
    "header deep": file(b"[" * 100_000),
    "metadata a list": file({"__metadata__": []}),
    "metadata null": file({"__metadata__": None}),
    "metadata of numbers": file({"__metadata__": {"a": 1}}),
    "entry null": file({"a": None}),
    "entry a list": file({"a": [1]}),
    "entry empty": file({"a": {}}),
    "no type": file({"a": {"shape": [2], "data_offsets": [0, 8]}}, bytes(8)),
    "type of another sort": file({"a": entry([2], 0, 8, 32)}, bytes(8)),
    "type unknown": file({"a": entry([2], 0, 8, "F33")}, bytes(8)),
    "type of JavaScript": file({"a": entry([2], 0, 8, "constructor")}, bytes(8)),
    "doubles": whole(save({"a": np.zeros(3)})),
    "whole numbers": whole(save({"a": np.zeros(3, np.int32)})),
    "shape a number": file({"a": entry(2, 0, 8)}, bytes(8)),
    "shape of texts": file({"a": entry(["2"], 0, 8)}, bytes(8)),
    "shape of a fraction": file({"a": entry([0.5, 4], 0, 8)}, bytes(8)),
    "shape negative": file({"a": entry([-1, -2], 0, 8)}, bytes(8)),
    "shape nested": file({"a": entry([[2]], 0, 8)}, bytes(8)),
    "shape too large": file({"a": entry([3], 0, 8)}, bytes(8)),
    "shape huge": file({"a": entry([2**40, 2**40], 0, 8)}, bytes(8)),
    "three ends": file({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8, 8]}}, bytes(8)),
    "one end": file({"a": {"dtype": "F32", "shape": [0], "data_offsets": [0]}}),
    "ends swapped": file({"a": entry([2], 8, 0)}, bytes(8)),
    "end negative": file({"a": entry([2], -8, 0)}, bytes(8)),
    "end infinite": file(b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 1e999]}}'),
    "beyond the end": file({"a": entry([2], 0, 8)}, bytes(4)),
    "more than the arrays": file({"a": entry([2], 0, 8)}, bytes(9)),
    "a gap before": file({"a": entry([1], 4, 8)}, bytes(8)),
    "a gap between": file({"a": entry([1], 0, 4), "b": entry([1], 8, 12)}, bytes(12)),
    "overlapping": file({"a": entry([2], 0, 8), "b": entry([1], 4, 8)}, bytes(8)),
    "the same place": file({"a": entry([2], 0, 8), "b": entry([2], 0, 8)}, bytes(8)),
}


def test_the_file_that_is_damaged_below_is_good(javascript):
    assert as_dict(javascript.call(MODULE, "tensorsOf", GOOD))["a"].tolist() == [0, 0]


def test_hostile_files_are_refused_in_one_sentence(javascript):
    results = javascript.call_many(MODULE, "tensorsOf", [(data,) for data in HOSTILE.values()])
    for name, result in zip(HOSTILE, results, strict=True):
        assert isinstance(result, JavaScriptError), name
        assert result.name == "ModelError", (name, result)
        prefix = "a.safetensors is not a readable safetensors file: "
        assert result.message.startswith(prefix), (name, result)
        assert "\n" not in result.message


def test_what_was_wrong_is_told(javascript):
    expected = {
        "seven bytes": "it has 7 bytes only",
        "doubles": "'a' is of type 'F64'; it must be F32, F16 or I8",
        "more than the arrays": "its arrays take 8 bytes, but it has 9",
        "overlapping": "the place of 'b' does not fit its shape or the others",
    }
    for name, reason in expected.items():
        with pytest.raises(JavaScriptError) as caught:
            javascript.call(MODULE, "tensorsOf", HOSTILE[name])
        assert caught.value.message.endswith(f": {reason}")
