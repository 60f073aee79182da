"""The whole job, as a user does it: start, read, train, judge, as whole processes in turn."""

from __future__ import annotations

import contextlib
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.environment import ALLOCATOR, threads_everywhere
from bench.ours import best_engine
from bench.pairs import in_turn, median, ratio
from bench.rivals import installed
from inkgrad.model import load
from inkgrad.quickdraw import find_task, load_drawings
from inkgrad.quickdraw import split as stratified_split
from inkgrad.quickdraw.data_locations import BucketFolder, find_data_location
from inkgrad.quickdraw.doodles import ANIMALS, doodle_bitmaps

__all__ = ["Job", "bench_job", "find_job"]

TEST_SIZE = 0.2


@dataclass(frozen=True)
class Job:
    """What both shall do.

    Attributes
    ----------
    folder : Path
        Holds ``numpy_bitmap/CLASS.npy``.
    classes : tuple of str
    limit : int
        Drawings of each class; a fifth of them are kept aside to judge by.
    epochs, threads : int
    """

    folder: Path
    classes: tuple[str, ...]
    limit: int
    epochs: int
    threads: int


@contextlib.contextmanager
def find_job(
    data: str | None,
    classes: str | None,
    task: str,
    drawings: int,
    *,
    epochs: int,
    threads: int,
) -> Iterator[Job]:
    """Yield the job on real drawings, or, where there are none, on doodles in a folder for a while.

    Parameters
    ----------
    data : path, optional
        Otherwise what ``INKGRAD_DATA`` names; it must be a folder with the bucket's layout.
    classes : comma-separated str, optional
        Otherwise those of the task; of the built-in doodles all.
    task : str
    drawings : int
        Of all classes together, to learn from and to judge by.
    epochs, threads : int
    """
    place = find_data_location(data)
    with contextlib.ExitStack() as stack:
        if isinstance(place, BucketFolder):
            folder, named = place.path, None if classes else task
            names = find_task(classes, task=named, data=data, offline=True)
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="doodles-")))
            names = find_task(classes, offline=True) if classes else ANIMALS
            print("no folder of drawings is named: built-in doodles take their place")
            write_doodles(folder, names, drawings // len(names))
        yield Job(folder, tuple(names), drawings // len(names), epochs, threads)


def write_doodles(folder: Path, names: tuple[str, ...], number: int) -> None:
    """Write built-in doodles in the layout of Google's bucket."""
    (folder / "numpy_bitmap").mkdir()
    for name in names:
        bitmaps, _ = doodle_bitmaps([name], number)
        np.save(folder / "numpy_bitmap" / f"{name}.npy", bitmaps.reshape(number, -1))


def bench_job(
    job: Job, *, seeds: int, on_round: Callable[[int], None] = lambda _: None
) -> list[dict[str, Any]]:
    """Measure the wall time of the job by `inkgrad train` and by a plain PyTorch script.

    Both read the same files, learn from the same drawings and are judged by the same ones; which
    these are is told to PyTorch beforehand. Before the clock runs, each does a tiny job, so that
    what is kept from start to start (compiled code, files in memory) is there.

    Returns
    -------
    rows : list of dict
        ``name, drawings, epochs, seconds`` (median), ``slowest, fastest``, ``seconds_by_seed,
        accuracies``, their ``accuracy`` (mean) and ``accuracy_sd``, for ours ``ratio_to_torch``,
        the median over the seeds of the ratio with the same seed, and ``first_start``, the seconds
        of the tiny job.
    """
    with tempfile.TemporaryDirectory(prefix="job-") as scratch:
        doers = {f"inkgrad {best_engine()}": Ours(job, Path(scratch))}
        if installed("torch", "PyTorch"):
            doers["PyTorch"] = Torch(job, Path(scratch))
        first = {name: _timed(doer.warm_up) for name, doer in doers.items()}
        seconds: dict[str, list[float]] = {name: [] for name in doers}
        accuracies: dict[str, list[float]] = {name: [] for name in doers}
        for seed in range(seeds):
            for doer in doers.values():
                doer.make_ready(seed)
            for name in in_turn(doers, seed):
                seconds[name].append(_timed(lambda name=name, seed=seed: doers[name].run(seed)))
                accuracies[name].append(doers[name].accuracy(seed))
            on_round(seed + 1)
    rows = []
    for name, times in seconds.items():
        row = {
            "name": name,
            "drawings": round(job.limit * len(job.classes) * (1 - TEST_SIZE)),
            "epochs": job.epochs,
            "seconds": median(times),
            "slowest": max(times),
            "fastest": min(times),
            "seconds_by_seed": times,
            "accuracies": accuracies[name],
            "accuracy": statistics.mean(accuracies[name]),
            "accuracy_sd": statistics.stdev(accuracies[name]) if seeds > 1 else 0.0,
            "first_start": first[name],
        }
        if name != "PyTorch" and "PyTorch" in seconds:
            row["ratio_to_torch"] = ratio(seconds["PyTorch"], times)
        rows.append(row)
    return rows


class Ours:
    """The job by `inkgrad train`."""

    def __init__(self, job: Job, scratch: Path) -> None:
        self._job, self._scratch = job, scratch

    def warm_up(self) -> None:
        """Do a tiny job."""
        self._train(0, "first", limit=20, epochs=1)

    def make_ready(self, seed: int) -> None:
        """Nothing is to be prepared."""

    def run(self, seed: int) -> None:
        """Do the job."""
        self._train(seed, f"seed-{seed}", limit=self._job.limit, epochs=self._job.epochs)

    def accuracy(self, seed: int) -> float:
        """Return what the model file says of it."""
        model = load(self._scratch / f"seed-{seed}" / "model.safetensors", engine="reference")
        return model.record["test"]["top1"]

    def _train(self, seed: int, out: str, *, limit: int, epochs: int) -> None:
        options = {
            "data": self._job.folder,
            "classes": ",".join(self._job.classes),
            "out": self._scratch / out,
            "engine": best_engine(),
            "limit": limit,
            "epochs": epochs,
            "batch-size": 128,
            "test-size": TEST_SIZE,
            "validation-size": 0,
            "seed": seed,
        }
        words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
        _run([sys.executable, "-m", "inkgrad", "train", *words], self._job.threads)


class Torch:
    """The job by a plain PyTorch script, with the allocator tuned."""

    def __init__(self, job: Job, scratch: Path) -> None:
        self._job, self._scratch = job, scratch
        loaded = load_drawings(job.classes, data=job.folder, limit=job.limit)
        self._drawings = loaded.drawings
        self._accuracies: dict[int, float] = {}

    def warm_up(self) -> None:
        """Do a tiny job."""
        self._train(0, np.arange(20), np.arange(20), epochs=1)

    def make_ready(self, seed: int) -> None:
        """Part the drawings as inkgrad will."""
        self._parts = stratified_split(self._drawings, test_size=TEST_SIZE, seed=seed)

    def run(self, seed: int) -> None:
        """Do the job."""
        printed = self._train(seed, *self._parts, epochs=self._job.epochs)
        self._accuracies[seed] = float(re.findall(r"accuracy ([\d.]+)", printed)[-1])

    def accuracy(self, seed: int) -> float:
        """Return what the script has printed."""
        return self._accuracies[seed]

    def _train(self, seed: int, train: np.ndarray, test: np.ndarray, *, epochs: int) -> str:
        parts = self._scratch / "parts.npz"
        np.savez(parts, train=train, test=test)
        job = self._job
        options = {
            "classes": ",".join(job.classes),
            "limit": job.limit,
            "epochs": epochs,
            "seed": seed,
            "threads": job.threads,
        }
        words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
        script = Path(__file__).parent / "rivals" / "torch_job.py"
        words = [sys.executable, str(script), str(job.folder), str(parts), *words]
        return _run(words, job.threads, ALLOCATOR)


def _timed(do: Callable[[], object]) -> float:
    """Return how many seconds it takes."""
    start = time.perf_counter()
    do()
    return time.perf_counter() - start


def _run(words: list[str], threads: int, variables: dict[str, str] | None = None) -> str:
    """Run a process to its end, and return what it printed.

    Raises
    ------
    ValueError
        If it fails; the text ends as what it printed does.
    """
    usual = {name: value for name, value in os.environ.items() if name not in ALLOCATOR}
    environment = {**usual, **threads_everywhere(threads), **(variables or {})}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"{' '.join(words[1:4])} … failed: {(done.stdout + done.stderr)[-2000:]}")
    return done.stdout
