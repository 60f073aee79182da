"""Sketch-RNN's files: their three parts, and archives that are none."""

from __future__ import annotations

import io
import pickle
import zipfile

import numpy as np
import pytest

from inkgrad.errors import DataError
from inkgrad.quickdraw.formats import read_records, sketchrnn
from tests.quickdraw.formats.writers import (
    CROSS,
    LINE,
    Python2Pickle,
    movements,
    npy_header,
    objects,
    write_npz,
    write_sketchrnn,
)

PARTS = {"train": [LINE, CROSS, LINE], "valid": [CROSS], "test": [LINE, LINE]}


@pytest.fixture
def path(tmp_path):
    return write_sketchrnn(tmp_path / "cat.npz", **PARTS)


def counts(path, **how):
    return [len(record.strokes) for record in read_records(path, **how)]


def test_the_parts(path):
    assert counts(path, part="train") == [1, 2, 1]
    assert counts(path, part="valid") == [2]
    assert counts(path, part="test") == [1, 1]
    assert counts(path) == [1, 2, 1, 2, 1, 1]
    assert counts(path, limit=5) == [1, 2, 1, 2, 1]
    assert next(read_records(path)).recognized is None


def test_a_file_as_numpy_under_python_2_wrote_it(tmp_path):
    arrays = [movements(drawing) for drawing in PARTS["train"]]
    data = npy_header("(3L,)", "|O8") + Python2Pickle().dumps(arrays)
    path = write_npz(tmp_path / "cat.npz", {"train.npy": data})
    (first, second, _) = (record.strokes for record in read_records(path))
    assert [stroke.tolist() for stroke in first] == LINE
    assert [stroke.tolist() for stroke in second] == CROSS


def test_a_drawing_is_moved_to_the_origin_and_does_not_overflow(tmp_path):
    far = np.array([[30_000, -7, 0], [30_000, 0, 0], [-60_000 % 2**15, 10, 0]], dtype=np.int16)
    np.savez(tmp_path / "cat.npz", train=objects([far]))
    (record,) = read_records(tmp_path / "cat.npz")
    (stroke,) = record.strokes  # the pen is never lifted: still one stroke
    x = np.cumsum(far[:, 0].astype(int))
    np.testing.assert_array_equal(stroke, [x - x.min(), [0, 0, 10]])
    assert x.max() > 2**15


def test_points_after_every_lift_are_strokes_of_their_own(tmp_path):
    dots = np.array([[1, 1, 1], [2, 2, 1], [3, 3, 1]], dtype=np.int16)
    np.savez(tmp_path / "cat.npz", train=objects([dots]))
    (record,) = read_records(tmp_path / "cat.npz")
    assert [stroke.tolist() for stroke in record.strokes] == [
        [[0], [0]],
        [[2], [2]],
        [[5], [5]],
    ]


def train(*arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, objects(arrays), allow_pickle=True)
    return file.getvalue()


GOOD = movements(LINE)
PEN = np.array([[1, 1, 0], [1, 1, 2]], dtype=np.int16)
WRONG = {
    "no array": (b"not an array", "train: not an array in NumPy's format"),
    "two columns": (train(GOOD, GOOD[:, :2].copy()), r"drawing 2 has the shape \(2, 2\)"),
    "five columns": (train(np.zeros((2, 5), np.int16)), r"drawing 1 has the shape \(2, 5\)"),
    "pen": (train(GOOD, PEN), "drawing 2: a pen state is neither 0 nor 1"),
    "NaN": (train(np.array([[np.nan, 1, 0]])), "drawing 1 holds NaN or infinity"),
    "infinity": (train(np.array([[1, np.inf, 0]])), "drawing 1 holds NaN or infinity"),
    "texts": (train(GOOD, "cat"), "drawing 2 is not an array of two dimensions"),
    "too far": (train(np.array([[1e9, 1, 0], [9e9, 1, 1]])), "drawing 1: a coordinate"),
    "header and pickle differ": (
        npy_header("(3,)") + pickle.dumps(objects([GOOD, GOOD]), 4),
        "2 drawings are there, the header promises 3",
    ),
    "numbers": (
        npy_header("(2, 3)", "<i2") + b"\0" * 12,
        r"an array of int16 of shape \(2, 3\)",
    ),
    "two dimensions": (npy_header("(1, 1)") + pickle.dumps(objects([GOOD]), 4), "one-dimensional"),
    "an attack": (npy_header("(1,)") + b"cos\nsystem\n(S'id'\ntR.", "refers to os.system"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_parts_are_refused_with_file_part_and_drawing(tmp_path, name):
    data, message = WRONG[name]
    path = write_npz(tmp_path / "cat.npz", {"train.npy": data})
    with pytest.raises(DataError, match=rf"cat\.npz: train: ?.*{message}|cat\.npz: {message}"):
        list(read_records(path))


def test_a_part_that_is_not_there(tmp_path, path):
    with pytest.raises(DataError, match=r"part is 'testing'; .* are train, valid, test"):
        list(read_records(path, part="testing"))
    path = write_sketchrnn(tmp_path / "dog.npz", train=[LINE])
    with pytest.raises(DataError, match=r"dog\.npz: no part valid is in the archive"):
        list(read_records(path, part="valid"))
    path = write_npz(tmp_path / "other.npz", {"arr_0.npy": train(GOOD)})
    with pytest.raises(DataError, match="no part train or valid or test is in the archive"):
        list(read_records(path))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = write_npz(tmp_path / "cat.npz", {"train.npy": b"\0" * 20_000_000})
    with pytest.raises(DataError, match=r"cat\.npz: train unpacks from .* to 20,000,000 bytes"):
        list(read_records(path))


def test_an_archive_that_claims_too_much(tmp_path, monkeypatch):
    path = write_sketchrnn(tmp_path / "cat.npz", train=[LINE])
    monkeypatch.setattr(sketchrnn, "_MAX_PART", 100)
    with pytest.raises(DataError, match="no file of drawings does, so it is refused"):
        list(read_records(path))


def test_an_archive_that_claims_too_little_cannot_smuggle_more(tmp_path):
    path = write_npz(tmp_path / "cat.npz", {"train.npy": train(*[GOOD] * 500)})
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("train.npy").file_size
    data = path.read_bytes()
    path.write_bytes(data.replace(size.to_bytes(4, "little"), (200).to_bytes(4, "little")))
    with pytest.raises(DataError, match=r"cat\.npz"):
        list(read_records(path))


def test_damaged_archives(tmp_path, path):
    data = path.read_bytes()
    path.write_bytes(b"PK\x03\x04" + b"\0" * 200)
    with pytest.raises(DataError, match=r"cat\.npz is not a readable \.npz archive"):
        list(read_records(path))
    for end in range(0, len(data), 7):
        path.write_bytes(data[:end])
        with pytest.raises(DataError, match=r"cat\.npz"):
            list(read_records(path))
    for place in range(0, len(data), 5):
        changed = bytearray(data)
        changed[place] ^= 0xFF
        path.write_bytes(changed)
        try:  # a byte that carries no meaning may change
            assert 1 <= len(counts(path)) <= 6
        except DataError as error:
            message = str(error)
            assert "cat.npz" in message


def test_an_encrypted_archive(tmp_path, path):
    data = bytearray(path.read_bytes())
    for start in (data.find(b"PK\x03\x04") + 6, data.find(b"PK\x01\x02") + 8):
        data[start] |= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match="cannot be unpacked"):
        list(read_records(path))


def test_drawings_of_as_many_points_each(tmp_path):
    path = tmp_path / "cat.npz"
    moves = np.stack([movements(CROSS), movements(CROSS)])  # (2, points, 3)
    for array in (moves, moves.astype(np.float32), np.asfortranarray(moves)):
        np.savez(path, train=array)
        assert len(list(read_records(path))) == 2
        for record in read_records(path):
            assert [stroke.tolist() for stroke in record.strokes] == CROSS


@pytest.mark.parametrize("size", [-1, 1])
def test_an_array_that_is_not_as_long_as_its_header_says(tmp_path, size):
    file = io.BytesIO()
    np.save(file, np.stack([movements(CROSS)]))
    data = file.getvalue() + b"\0" if size > 0 else file.getvalue()[:size]
    path = write_npz(tmp_path / "cat.npz", {"train.npy": data})
    with pytest.raises(DataError, match=r"train: its header promises 30 bytes, but \d\d are there"):
        list(read_records(path))
