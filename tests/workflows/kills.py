"""Kill trainings on real drawings at random moments, resume them, and compare what comes out.

``python -m tests.workflows.kills --n 50 --data DIR`` prints a line a run; see `test_kills`.
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

CLASSES = "cat,dog,elephant"
OPTIONS = ("--limit", "150", "--epochs", "4", "--batch-size", "32", "--seed", "7")
ENGINE = ("--engine", "reference")  # needs no compiling, and takes its time
KILLED_AGAIN = 0.4  # of the resumed runs


@dataclass
class Kills:
    """What came of it.

    Attributes
    ----------
    seconds : float
        That the undisturbed run took.
    digests : Counter
        SHA-256 of the models: how many runs ended with each.
    expected : str
        That of the undisturbed run.
    killed : int
        Processes that were killed before they were done.
    left : Counter
        What the first kill of each run left: how far run.json says the run is.
    """

    seconds: float
    expected: str
    digests: collections.Counter[str] = field(default_factory=collections.Counter)
    killed: int = 0
    left: collections.Counter[str] = field(default_factory=collections.Counter)


def start(folder: Path, data: Path, *more: str) -> subprocess.Popen[str]:
    """Start the training, or what goes on with it."""
    first = ("--classes", CLASSES, "--data", str(data), *OPTIONS)
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "inkgrad", "train", *ENGINE),
            *("--out", str(folder)),
            *(more or first),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # One thread: several wait for each other by spinning, for minutes beside other programs.
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )


def digest(folder: Path) -> str:
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def finish(process: subprocess.Popen[str], timeout: float = 300) -> float:
    """Wait for a training to end well, and return the seconds that it took."""
    begun = time.monotonic()
    out, _ = process.communicate(timeout=timeout)
    if process.returncode != 0 or "Traceback" in out:
        raise AssertionError(f"code {process.returncode}: {out}")
    return time.monotonic() - begun


def kill(process: subprocess.Popen[str], after: float) -> bool:
    """Kill a process after so many seconds; return whether it was still running."""
    try:
        finish(process, after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    return process.returncode == -signal.SIGKILL


def how_far(folder: Path) -> str:
    """Return what lies in a run's folder after a kill."""
    from inkgrad.errors import InkgradError
    from inkgrad.workflows.run import read_run

    try:
        return read_run(folder)[1]
    except InkgradError:
        return "nothing"


def run_kills(n: int, data: Path, work: Path, seed: int = 0, verbose: bool = False) -> Kills:
    """Kill `n` runs, each at a moment of its own, and resume them until they are done.

    The moments are drawn from the whole run: loading, training, judging and writing included. A
    run that was killed before its folder said that it had begun is started again, as one would.
    """
    dice = random.Random(seed)
    finish(start(work / "warm", data))  # bitmaps are cached, modules compiled
    seconds = finish(start(work / "whole", data))
    result = Kills(seconds, digest(work / "whole"))
    for number in range(n):
        folder = work / f"run {number}"
        moments = [dice.uniform(0, seconds)]
        while not kill(start(folder, data), moments[0]):  # it was done before
            shutil.rmtree(folder)
            seconds, moments = 0.9 * seconds, [dice.uniform(0, 0.9 * seconds)]
        result.killed += 1
        result.left[how_far(folder)] += 1
        while True:
            more = () if how_far(folder) == "nothing" else ("--resume",)
            process = start(folder, data, *more)
            if dice.random() >= KILLED_AGAIN:
                finish(process)
                break
            moments.append(dice.uniform(0, seconds))
            result.killed += kill(process, moments[-1])
        if not (folder / "model.safetensors").exists():
            raise AssertionError(f"{folder} holds no model: {sorted(os.listdir(folder))}")
        result.digests[digest(folder)] += 1
        if verbose:
            same = "the same model" if digest(folder) == result.expected else "ANOTHER MODEL"
            print(
                f"{number + 1:3}/{n}: {same}, killed at",
                *(f"{m:.2f}" for m in moments),
                "s",
                flush=True,
            )
    return result


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Kill trainings, resume them, compare.")
    parser.add_argument("--n", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=os.environ.get("INKGRAD_DATA"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        result = run_kills(options.n, options.data, Path(work), options.seed, verbose=True)
    print(
        f"{result.digests[result.expected]} of {options.n} ended with the model of the undisturbed "
        f"run ({result.seconds:.1f} s, SHA-256 {result.expected[:16]}…); {result.killed} processes "
        f"were killed; the first kills left: {dict(result.left)}"
    )
    if result.digests[result.expected] != options.n:
        sys.exit(1)


if __name__ == "__main__":
    main()
