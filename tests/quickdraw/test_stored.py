"""Drawings that stay in their files: the same numbers as in memory, in memory that stays small."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from inkgrad.errors import DataError
from inkgrad.network import seed_network
from inkgrad.quickdraw.drawings import Drawings
from inkgrad.quickdraw.formats.npy import MappedRows
from inkgrad.quickdraw.stored import StoredDrawings, open_stored
from inkgrad.training import Recipe, fit
from inkgrad.training.batches import batches_of_epoch

COUNTS = {"ant": 700, "bee": 1, "cat": 0, "dog": 1300}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    (tmp_path / "numpy_bitmap").mkdir()
    for name, count in COUNTS.items():
        bitmaps = rng.integers(0, 256, (count, 784), dtype=np.uint8)
        bitmaps.reshape(-1, 28, 28)[:, [0, -1]] = 0
        bitmaps.reshape(-1, 28, 28)[:, :, [0, -1]] = 0
        np.save(tmp_path / "numpy_bitmap" / f"{name}.npy", bitmaps)
    return tmp_path


def in_memory(folder: Path) -> Drawings:
    arrays = [np.load(folder / "numpy_bitmap" / f"{name}.npy") for name in COUNTS]
    labels = np.repeat(np.arange(len(COUNTS)), list(COUNTS.values()))
    return Drawings(np.concatenate(arrays).reshape(-1, 28, 28), labels, tuple(COUNTS))


def test_batches_are_those_of_drawings_in_memory(folder: Path) -> None:
    stored, drawings = open_stored(folder, list(COUNTS)), in_memory(folder)
    assert (len(stored), stored.classes, stored.side) == (2001, tuple(COUNTS), 28)
    assert stored.counts() == drawings.counts()
    for wanted in ([], [2000], [700, 699, 701, 0, 700], np.random.default_rng(0).permutation(2001)):
        x, labels = stored.batch(wanted)
        expected, classes = drawings.batch(wanted)
        assert x.dtype == np.float32
        assert labels.dtype == np.int64
        assert np.array_equal(x, expected)
        assert np.array_equal(labels, classes)
        assert np.array_equal(stored.labels_of(wanted), classes)


def test_a_limit_takes_the_first_of_each_class(folder: Path) -> None:
    stored = open_stored(folder, list(COUNTS), limit=500)
    assert stored.counts() == {"ant": 500, "bee": 1, "cat": 0, "dog": 500}
    assert np.array_equal(stored.bitmaps_of([501])[0], in_memory(folder).bitmaps[701:702])


@pytest.mark.parametrize("first", [0, 1, 5])
def test_an_epoch_meets_every_drawing_once_from_any_place(folder: Path, first: int) -> None:
    stored = open_stored(folder, list(COUNTS))
    order = stored.order(42, 3)
    assert np.array_equal(np.sort(order[0:2001]), np.arange(2001))
    with batches_of_epoch(stored, 3, 42, 300, first) as batches:
        labels = np.concatenate([labels for _, labels in batches])
    assert np.array_equal(labels, stored.labels_of(order[300 * first : 2001]))


def test_epochs_and_seeds_have_orders_of_their_own(folder: Path) -> None:
    stored = open_stored(folder, list(COUNTS))
    orders = [stored.order(*which)[0:2001] for which in ((42, 0), (42, 1), (43, 0))]
    assert len({order.tobytes() for order in orders}) == 3
    assert np.array_equal(stored.order(42, 0)[0:2001], orders[0])


def test_places_do_not_depend_on_how_they_are_cut() -> None:
    stored = StoredDrawings({"cat": MappedRows(np.zeros((20_000, 2, 2), np.uint8))})
    whole = stored.order(1, 0)[0:20_000]
    order = stored.order(1, 0)
    for start, stop in ((8000, 8400), (0, 1), (8191, 8193), (19_990, 30_000), (5, 5)):
        assert np.array_equal(order[start:stop], whole[start:stop])
    with pytest.raises(DataError, match="steps of 2"):
        order[0:10:2]


def test_windows_are_read_ahead_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = StoredDrawings({"cat": MappedRows(np.zeros((256 * 1024 * 3, 1, 1), np.uint8))})
    asked: list[int] = []
    monkeypatch.setattr(stored, "read_ahead", lambda begins, rows: asked.extend(begins.tolist()))
    order = stored.order(1, 0)
    order[0:512]
    assert 1024 < len(asked) < 1030  # the first window, and the beginning of the next
    for start in range(0, 256 * 1024 * 3, 64 * 1024):
        order[start : start + 512]
    assert sorted(asked) == list(range(0, 256 * 1024 * 3, 256))


def test_reading_ahead_stays_inside_the_files(folder: Path) -> None:
    stored = open_stored(folder, list(COUNTS), limit=600)
    stored.read_ahead(np.array([0, 512, 768, 1024]), 256)
    assert stored.batch([0])[0].shape == (1, 1, 28, 28)


def test_training_on_files_is_training_on_drawings(folder: Path) -> None:
    """A batch that holds the whole epoch, sorted: the order is then the only difference."""
    recipe = Recipe(epochs=1, batch_size=64)
    stored = open_stored(folder, list(COUNTS), limit=100)
    first = fit(seed_network(4), stored, recipe=recipe, engine="reference")
    again = fit(seed_network(4), stored, recipe=recipe, engine="reference")
    assert np.array_equal(first.parameters.vector, again.parameters.vector)

    class InOrder:
        """The same drawings in memory, numbered as the epoch meets them."""

        def __len__(self) -> int:
            return len(stored)

        def order(self, seed: int, epoch: int) -> np.ndarray:
            return stored.order(seed, epoch)[0 : len(stored)]

        def batch(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return in_memory(folder).subset(kept).batch(indices)

    kept = np.concatenate([np.arange(100), [700], np.arange(701, 801)])
    other = fit(seed_network(4), InOrder(), recipe=recipe, engine="reference")
    assert np.array_equal(first.parameters.vector, other.parameters.vector)


def test_the_fingerprint_changes_with_classes_counts_and_bytes(folder: Path) -> None:
    prints = [open_stored(folder, list(COUNTS)).fingerprint()]
    assert open_stored(folder, list(COUNTS)).fingerprint() == prints[0]
    prints.append(open_stored(folder, list(COUNTS), limit=600).fingerprint())
    prints.append(open_stored(folder, ["ant", "dog"]).fingerprint())
    path = folder / "numpy_bitmap" / "dog.npy"
    bitmaps = np.load(path)
    bitmaps[-1, 400] ^= 1
    np.save(path, bitmaps)
    prints.append(open_stored(folder, list(COUNTS)).fingerprint())
    assert len(set(prints)) == 4


@pytest.mark.parametrize("number", [-1, 2001])
def test_drawings_that_are_not_there_are_refused(folder: Path, number: int) -> None:
    with pytest.raises(DataError, match="there are 2,001"):
        open_stored(folder, list(COUNTS)).batch([0, number])


def test_impossible_wishes_are_refused(folder: Path) -> None:
    with pytest.raises(DataError, match="limit is 0"):
        open_stored(folder, list(COUNTS), limit=0)
    with pytest.raises(DataError, match="there are no drawings"):
        open_stored(folder, ["cat"])
    with pytest.raises(DataError, match=r"no file .*owl\.npy"):
        open_stored(folder, ["owl"])
    with pytest.raises(DataError, match="sides of 1 and 2"):
        StoredDrawings({str(n): MappedRows(np.zeros((1, n, n), np.uint8)) for n in (1, 2)})


def test_dark_on_white_is_refused_not_read_whole(folder: Path) -> None:
    np.save(folder / "numpy_bitmap" / "ant.npy", np.full((9, 784), 255, np.uint8))
    with pytest.raises(DataError, match=r"dark on white.*inkgrad pack"):
        open_stored(folder, ["ant"])


def test_a_file_that_is_too_short_is_refused(folder: Path) -> None:
    path = folder / "numpy_bitmap" / "ant.npy"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match="damaged"):
        open_stored(folder, ["ant"])


SPARSE = """
import sys
from pathlib import Path
from inkgrad.quickdraw.stored import open_stored
from inkgrad.training.batches import batches_of_epoch

def anonymous():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))

stored = open_stored(sys.argv[1], ["ant", "bee"])
before = anonymous()
with batches_of_epoch(stored, 0, 42, 512) as batches:
    for _ in range(200):
        next(batches)
    print(len(stored), anonymous() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells how much is in memory on Linux")
def test_ten_million_drawings_need_no_memory(folder: Path) -> None:
    """Two files of 3.9 GB, without a byte of them on the disk."""
    for name in ("ant", "bee"):
        path = folder / "numpy_bitmap" / f"{name}.npy"
        with path.open("wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": (5_000_000, 784)}
            np.lib.format.write_array_header_1_0(file, header)
            file.truncate(file.tell() + 5_000_000 * 784)
    command = [sys.executable, "-c", SPARSE, str(folder)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert int(told[0]) == 10_000_000
    assert int(told[1]) < 60_000  # kB: three batches of 1.6 MB and a few more
