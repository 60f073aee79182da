"""assembler.js and kernels.js: bytes that browsers accept, and that compute what they should."""

from __future__ import annotations

import numpy as np
import pytest

from tests.web.javascript import JavaScriptError

MODULE = "tests/assembler.js"
MOST_BYTES = 4096  # what browsers compile at once outside of workers
SECTIONS = {1: "types", 3: "functions", 5: "memory", 7: "exports", 10: "code"}


def leb128(value: int, *, signed: bool) -> bytes:
    """Return a whole number as the specification's section 5.2.2 defines it, bit by bit."""
    found = bytearray()
    while True:
        found.append(value & 0x7F)
        value >>= 7
        is_last = value == 0 if not signed else value == (-1 if found[-1] & 0x40 else 0)
        if is_last:
            return bytes(found)
        found[-1] |= 0x80


def test_whole_numbers(javascript):
    values = [0, 1, 63, 64, 127, 128, 8191, 8192, 16383, 16384, 624485, 2**31 - 1]
    calls = [(False, v) for v in values]
    calls += [(True, v) for v in [*values, *(-v for v in values), -123456, -(2**31)]]
    results = javascript.call(MODULE, "encoded", calls)
    for (signed, value), found in zip(calls, results, strict=True):
        assert found.tobytes() == leb128(value, signed=signed), (signed, value)
    assert leb128(624485, signed=False) == bytes.fromhex("e58e26")  # the specification's example
    assert leb128(-123456, signed=True) == bytes.fromhex("c0bb78")


def test_constants_are_what_webassembly_reads(javascript):
    values = [16, 60, 64, 124, 128, 8188, 8192, 16380, 16384, 65520]
    assert javascript.call(MODULE, "constants", values) == [12345] * len(values)


def test_small_modules_byte_by_byte(javascript):
    """As a reader of the specification would write them."""
    nothing, little = javascript.call(MODULE, "smallModules")
    head = "0061736d 01000000"
    memory = "05 03 01 00 01"
    assert nothing.tobytes().hex() == "".join(
        [
            *(head, "01 04 01 60 00 00", "03 02 01 00", memory),
            *("07 0e 02", "01 66 00 00", "06 6d656d6f7279 02 00"),
            *("0a 04 01", "02 00 0b"),
        ]
    ).replace(" ", "")
    assert little.tobytes().hex() == "".join(
        [
            *(head, "01 05 01 60 01 7f 00", "03 02 01 00", memory),
            *("07 10 02", "03 616464 00 00", "06 6d656d6f7279 02 00"),
            *("0a 0f 01", "0d 02 01 7d 01 7f", "20 00 41 7f 6a 21 02", "0b"),
        ]
    ).replace(" ", "")


def test_every_instruction(javascript):
    found = javascript.call(MODULE, "everyInstruction")
    assert found[:4].tolist() == [0, 0, 0, 0]
    # From 10 20 30 −40 twice + 2, times 1 2 3 4; the least is −7.
    assert found[24:28].tolist() == [14, 48, 102, -7]
    assert found[28:32].tolist() == [0] * 4  # what was skipped
    assert found[32:36].tolist() == [-7] * 4
    assert found[36:40].tolist() == [0] * 4
    assert found[40:44].tolist() == [-7] * 4  # 96 bytes behind 64
    assert found[44:].tolist() == [0] * 4


def test_a_variable_that_is_not_there(javascript):
    with pytest.raises(JavaScriptError, match="there is no variable x"):
        javascript.call(MODULE, "unknownVariable")


def test_the_kernels_are_a_small_and_valid_module(javascript):
    found = javascript.call(MODULE, "kernels")
    assert found["isValid"] is True
    assert found["exported"] == {
        "convolveTiles": "function",
        "convolveSingly": "function",
        "takeLargest": "function",
        "memory": "memory",
    }
    data = found["bytes"].tobytes()
    assert len(data) < MOST_BYTES
    assert [SECTIONS[kind] for kind, _ in sections(data)] == list(SECTIONS.values())


def sections(data: bytes) -> list[tuple[int, bytes]]:
    """Take a module apart: the number of each section and what is in it."""
    found, at = [], 8
    while at < len(data):
        kind, at = data[at], at + 1
        size, shift = 0, 0
        while True:
            byte, at = data[at], at + 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        found.append((kind, data[at : at + size]))
        at += size
    assert at == len(data)
    return found


@pytest.mark.parametrize("name", ["convolveTiles", "convolveSingly"])
def test_convolutions_are_plain_sums(javascript, name):
    """Whole numbers, of which every sum is exact: anything left out or added twice is seen."""
    rng = np.random.default_rng(3)
    for length in (1, 2, 3, 4, 5, 7, 8, 13):
        for runs, blocks in (([0], 1), ([0, 50, 70], 2), ([3, 0], 3)):
            x = rng.integers(-4, 5, 300).astype(np.float32)
            patches = rng.integers(0, 200, 8).tolist()
            biases = rng.integers(-9, 10, (blocks, 1, 8))
            weights = rng.integers(-4, 5, (blocks, len(runs) * length, 8))
            packed = np.concatenate([biases, weights], axis=1).astype(np.float32)
            seen = np.array([[x[p + r : p + r + length] for r in runs] for p in patches])
            sums = seen.reshape(len(patches), -1) @ weights + biases  # (blocks, places, 8)
            for floor in (0.0, -np.inf):
                expected = np.maximum(sums, floor).transpose(1, 0, 2).ravel()
                given = {"name": name, "x": x, "weights": packed.ravel(), "patches": patches}
                given |= {"runs": runs, "length": length, "blocks": blocks, "floor": floor}
                found = javascript.call(MODULE, "convolved", given)
                np.testing.assert_array_equal(found, [*expected, *[0] * 8])
