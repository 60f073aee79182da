"""Writers of every format, for the tests to read back."""

from __future__ import annotations

import csv
import json
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

Drawing = list[list[list[int]]]

LINE: Drawing = [[[0, 255], [3, 0]]]
CROSS: Drawing = [[[0, 255], [0, 255]], [[0, 200, 255], [255, 60, 0]]]

coordinates = st.integers(0, 255)
strokes = st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=9).map(
    lambda points: [list(row) for row in zip(*points, strict=True)]
)
drawings = st.lists(st.lists(strokes, min_size=1, max_size=4), min_size=1, max_size=5)


def write_ndjson(path: Path, many: Sequence[Drawing], **fields: object) -> Path:
    lines = [json.dumps({"drawing": drawing, **fields}) for drawing in many]
    path.write_text("\n".join(lines) + "\n")
    return path


def binary_record(drawing: Drawing, recognized: int = 1, key_id: int = 5) -> bytes:
    data = struct.pack("<Q2sbIH", key_id, b"GB", recognized, 1488000000, len(drawing))
    for xs, ys in drawing:
        data += struct.pack("<H", len(xs)) + bytes(xs) + bytes(ys)
    return data


def write_binary(path: Path, many: Sequence[Drawing]) -> Path:
    path.write_bytes(b"".join(binary_record(drawing) for drawing in many))
    return path


KAGGLE = ("countrycode", "drawing", "key_id", "recognized", "timestamp", "word")


def write_kaggle(path: Path, many: Sequence[Drawing], word: str = "cat") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(KAGGLE)
        for key_id, drawing in enumerate(many):
            rows.writerow(["US", json.dumps(drawing), key_id, "True", "2017-03-01", word])
    return path


def movements(drawing: Drawing) -> np.ndarray:
    """Turn strokes into Sketch-RNN's (dx, dy, pen lifted)."""
    points = np.concatenate([np.array(stroke) for stroke in drawing], axis=1)
    lifted = np.concatenate([[0] * (len(xs) - 1) + [1] for xs, _ in drawing])
    moves = np.diff(points, axis=1, prepend=0)
    return np.stack([*moves, lifted], axis=1).astype(np.int16)


def objects(arrays: Sequence[object]) -> np.ndarray:
    array = np.empty(len(arrays), dtype=object)
    for index, item in enumerate(arrays):
        array[index] = item
    return array


def write_sketchrnn(path: Path, **parts: Sequence[Drawing]) -> Path:
    np.savez_compressed(path, **{n: objects([movements(d) for d in p]) for n, p in parts.items()})
    return path


def npy_header(shape: str, descr: str = "|O", fortran: bool = False) -> bytes:
    text = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}"
    text = text.ljust((len(text) + 10) // 64 * 64 + 64 - 11) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def write_npz(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


class Python2Pickle:
    """Write an object array as NumPy under Python 2 did: pickle protocol 2, strings for bytes.

    Python 2's pickler leaves a memo entry after every object it makes (BINPUT) and refers to
    names and dtypes that it has written before (BINGET).
    """

    def __init__(self) -> None:
        self.data = b"\x80\x02"
        self.memo: dict[str, int] = {}
        self.count = 0

    def put(self, key: str = "") -> None:
        self.count += 1
        self.data += (
            b"q" + bytes([self.count]) if self.count < 256 else b"r" + struct.pack("<I", self.count)
        )
        if key:
            self.memo[key] = self.count

    def known(self, key: str) -> bool:
        if key not in self.memo:
            return False
        number = self.memo[key]
        self.data += b"h" + bytes([number])
        return True

    def name(self, module: str, name: str) -> None:
        if not self.known(name):
            self.data += f"c{module}\n{name}\n".encode()
            self.put(name)

    def string(self, text: bytes) -> None:
        short = len(text) < 256
        self.data += b"U" + bytes([len(text)]) if short else b"T" + struct.pack("<i", len(text))
        self.data += text
        self.put()

    def dtype(self, code: bytes, order: bytes, flags: bytes) -> None:
        if self.known(code.decode()):
            return
        self.name("numpy", "dtype")
        self.string(code)
        self.data += b"K\x00K\x01\x87"
        self.put()
        self.data += b"R"
        self.put(code.decode())
        self.data += b"(K\x03"
        self.string(order)
        self.data += b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff" + flags + b"tb"

    def start_array(self) -> None:
        self.name("numpy.core.multiarray", "_reconstruct")
        self.name("numpy", "ndarray")
        self.data += b"K\x00\x85"
        self.put()
        self.string(b"b")
        self.data += b"\x87"
        self.put()
        self.data += b"R"
        self.put()
        self.data += b"(K\x01"

    def dumps(self, arrays: Sequence[np.ndarray]) -> bytes:
        self.start_array()
        self.data += b"M" + struct.pack("<H", len(arrays)) + b"\x85"
        self.put()
        self.dtype(b"O8", b"|", b"K?")
        self.data += b"\x89]"
        self.put()
        for first in range(0, len(arrays), 1000):
            self.data += b"("
            for array in arrays[first : first + 1000]:
                self.start_array()
                self.data += b"M" + struct.pack("<H", len(array)) + b"K\x03\x86"
                self.put()
                self.dtype(b"i2", b"<", b"K\x00")
                self.data += b"\x89"
                self.string(array.astype("<i2").tobytes())
                self.data += b"tb"
            self.data += b"e"
        return self.data + b"tb."
