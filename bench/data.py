"""Data larger than memory: how fast it is read, how well shuffled, what it takes, at full size."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.ours import OurTrainer, best_engine, start_engine
from inkgrad.network import seed_network
from inkgrad.quickdraw import CATEGORIES
from inkgrad.quickdraw.drawings import Drawings
from inkgrad.quickdraw.permutation import Permutation
from inkgrad.quickdraw.shuffle import BLOCK, BlockShuffle, quality_of
from inkgrad.quickdraw.stored import StoredDrawings, open_stored
from inkgrad.training.batches import Batches, batches_of_epoch

__all__ = ["ROWS", "bench_data", "main", "sparse_set"]

ROWS = 50_426_266
"""Drawings of the whole data set."""

_BATCH = 512
_WARM = 1000  # drawings per class that are surely in the page cache: 270 MB in all
_MEASURED = 2_000_000  # rows that the quality of an order is measured on

Row = dict[str, Any]


def bench_data(
    *,
    rows: int,
    seconds: float,
    turn: float,
    cold_mb: int,
    threads: int,
    on_step: Callable[[str], None] = lambda _: None,
) -> list[Row]:
    """Measure reading, shuffling and training on files.

    Parameters
    ----------
    rows : int
        Of the set of sparse files; `ROWS` for full size.
    seconds : float
        How long it is sampled.
    turn : float
        Seconds of each turn of the other rates.
    cold_mb : int
        Size of the file that is read from the disk, in megabytes; it is written first.
    threads : int
        Of the engine.

    Returns
    -------
    rows : list of dict
        ``name, value, unit``.
    """
    found: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="inkgrad-bench-") as name:
        folder = Path(name)
        on_step("making sparse files")
        sparse_set(folder, rows)
        on_step(f"sampling {rows:,} drawings")
        found += _sampled(folder, seconds)
        on_step("reading from the page cache")
        warm = open_stored(folder, CATEGORIES, limit=_WARM)
        found += _warm(warm, turn)
        on_step("training")
        found += _training(warm, turn, threads)
        on_step("reading from the disk")
        found += _cold(folder / "cold.npy", cold_mb)
    on_step("measuring the shuffle")
    return found + _shuffles(min(rows, _MEASURED))


def sparse_set(folder: Path, rows: int) -> None:
    """Write a file of bitmaps for each of the 345 classes; the disk holds their headers alone.

    Their sizes go up evenly from two thirds of the mean to four thirds, and add up to `rows`.
    """
    (folder / "numpy_bitmap").mkdir()
    shares = np.linspace(2 / 3, 4 / 3, len(CATEGORIES)).cumsum()
    ends = np.round(shares / shares[-1] * rows).astype(int)
    for name, count in zip(CATEGORIES, np.diff(ends, prepend=0).tolist(), strict=True):
        with (folder / "numpy_bitmap" / f"{name}.npy").open("wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": (count, 784)}
            np.lib.format.write_array_header_1_0(file, header)
            file.truncate(file.tell() + count * 784)


def _sampled(folder: Path, seconds: float) -> list[Row]:
    """Sample a set in a process of its own, for its memory and its start."""
    command = [sys.executable, "-m", "bench.data", str(folder), str(seconds)]
    begun = time.time()
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    values = json.loads(told)
    first = values["first"] - begun
    return [
        _row(f"whole set, {values['n']:,} drawings: first batch after", first, "s"),
        _row(f"whole set: RssAnon at most, in {seconds:g} s", values["anonymous"], "MB"),
        _row("whole set: sampled, the system reading holes", values["rate"], "drawings/s"),
    ]


def main(folder: str, seconds: float) -> None:
    """Sample the set in a folder; print figures as JSON."""
    stored = open_stored(folder, CATEGORIES)
    stored.fingerprint()  # as `fit` asks for it
    most = drawings = epoch = 0
    first = begin = 0.0
    while not first or time.perf_counter() < begin + seconds:
        with batches_of_epoch(stored, epoch, 42, _BATCH) as batches:
            for _, labels in batches:
                if not first:
                    first, begin = time.time(), time.perf_counter()
                drawings += len(labels)
                if drawings % (100 * _BATCH) == 0 or drawings == _BATCH:
                    most = max(most, _anonymous())
                    if time.perf_counter() > begin + seconds:
                        break
        epoch += 1
    rate = drawings / (time.perf_counter() - begin)
    told = {"n": len(stored), "first": first, "anonymous": most / 1e6, "rate": rate}
    print(json.dumps(told))


def _anonymous() -> int:
    """Return this process's memory that is no file's, in bytes; where that is not told, 0."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    found = [line.split()[1] for line in lines if line.startswith("RssAnon")]
    return int(found[0]) * 1024 if found else 0


def _warm(stored: StoredDrawings, turn: float) -> list[Row]:
    """Return the rate of batches whose drawings are in the page cache."""
    order = stored.order(42, 0)
    places = [order[start : start + _BATCH] for start in range(0, len(stored), _BATCH)]
    for wanted in places:
        stored.batch(wanted)

    def alone() -> int:
        return sum(len(stored.batch(wanted)[1]) for wanted in places)

    def ahead() -> int:
        return _drained(stored)

    return [
        _row("page cache: batches of 512, one thread", _rate(alone, turn), "drawings/s"),
        _row("page cache: an epoch, made ahead in a thread", _rate(ahead, turn), "drawings/s"),
    ]


def _drained(data: Batches) -> int:
    with batches_of_epoch(data, 0, 42, _BATCH) as batches:
        return sum(len(labels) for _, labels in batches)


def _rate(work: Callable[[], int], turn: float) -> float:
    """Return the highest rate of three turns, each of whole repetitions."""
    best = 0.0
    for _ in range(3):
        begin, done = time.perf_counter(), 0
        while time.perf_counter() < begin + turn / 3 or not done:
            done += work()
        best = max(best, done / (time.perf_counter() - begin))
    return best


def _training(stored: StoredDrawings, turn: float, threads: int) -> list[Row]:
    """Return the rate of training from files, and in memory, turn by turn."""
    bitmaps, labels = stored.bitmaps_of(np.arange(len(stored)))
    data: dict[str, Batches] = {
        "in memory": Drawings(bitmaps, labels, stored.classes),
        "from files": stored,
    }
    network = seed_network(len(CATEGORIES))
    trainer = OurTrainer(start_engine(best_engine(), network, threads), network.initialise(seed=0))
    rates: dict[str, list[float]] = {name: [] for name in data}
    for number in range(6):
        for name, batches in list(data.items())[:: 1 if number % 2 else -1]:
            rates[name].append(_train(trainer, batches, turn / 6))
    medians = {name: float(np.median(some[1:])) for name, some in rates.items()}
    paired = np.divide(rates["from files"], rates["in memory"])[1:]
    return [
        *(
            _row(f"training the seed network {name}", rate, "drawings/s")
            for name, rate in medians.items()
        ),
        _row("training from files to in memory, median of pairs", float(np.median(paired)), "×"),
    ]


def _train(trainer: OurTrainer, data: Batches, seconds: float) -> float:
    with batches_of_epoch(data, 0, 42, _BATCH) as batches:
        trainer.step(next(batches))
        begin, done = time.perf_counter(), 0
        for batch in batches:
            trainer.step(batch)
            done += _BATCH
            if time.perf_counter() > begin + seconds:
                break
        return done / (time.perf_counter() - begin)


def _cold(path: Path, megabytes: int) -> list[Row]:
    """Return the rate of reading a file that is not in the page cache, in sequence and shuffled."""
    if not hasattr(os, "posix_fadvise"):
        return []
    from inkgrad.quickdraw.formats.npy import map_rows

    rows = max(megabytes * 1_000_000 // 784, BLOCK)
    part = np.random.default_rng(0).integers(0, 100, (BLOCK, 784), dtype=np.uint8)
    with path.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (rows, 784)}
        np.lib.format.write_array_header_1_0(file, header)
        for begin in range(0, rows, BLOCK):
            file.write(part[: rows - begin].data)
        file.flush()
        os.fsync(file.fileno())
    size = path.stat().st_size
    _forget(path)
    begun = time.perf_counter()
    with path.open("rb", buffering=0) as file:
        while file.read(1 << 20):
            pass
    sequential = size / (time.perf_counter() - begun)
    _forget(path)
    begun = time.perf_counter()
    _drained(StoredDrawings({"cold": map_rows(path)}))
    shuffled = rows * 784 / (time.perf_counter() - begun)
    return [
        _row(f"disk, {size / 1e6:,.0f} MB: in sequence", sequential / 1e6, "MB/s"),
        _row("disk: batches of an epoch, useful bytes", shuffled / 1e6, "MB/s"),
        _row("disk: batches to in sequence", shuffled / sequential, "×"),
    ]


def _forget(path: Path) -> None:
    """Have the system drop a file from its page cache."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def _shuffles(rows: int) -> list[Row]:
    """Return the quality of orders of rows that are sorted by class, and their speed."""
    places = np.arange(rows)
    orders: dict[str, Callable[[Any], Any]] = {
        "NumPy's permutation": lambda _: np.random.default_rng(0).permutation(rows),
        "keyed permutation": Permutation(rows, 1),
        "blocks": BlockShuffle(rows, 1),
    }
    found = []
    for name, order in orders.items():
        begin = time.perf_counter()
        shuffled = order(places)
        seconds = time.perf_counter() - begin
        quality = quality_of(shuffled, shuffled * len(CATEGORIES) // rows, min(_BATCH, rows))
        found += [
            _row(f"{name}: positions", rows / seconds, "/s"),
            _row(f"{name}: longest run of a label", quality.longest_run, ""),
            _row(f"{name}: equal neighbours, to chance", quality.equal_neighbours, "×"),
            _row(f"{name}: correlation of neighbours", quality.correlation, ""),
            _row(f"{name}: χ² of batches, to chance", quality.lumpiness, "×"),
            _row(f"{name}: χ² of 64 batches, to chance", quality.drift, "×"),
        ]
    return found


def _row(name: str, value: float, unit: str) -> Row:
    digits = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return {"name": name, "value": value, "unit": unit, "shown": f"{digits} {unit}".strip()}


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
