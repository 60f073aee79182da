"""Which modules are damaged, which tests must notice, and what was found: `hunt()`.

`python -m tests.mutation.hunt [conv pool …]` prints the whole table.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.mutation.mutator import Mutant, mutants

__all__ = ["EQUIVALENT", "TARGETS", "Outcome", "hunt", "table"]

ROOT = Path(__file__).parents[2]
BATTERY = ["tests/layers/test_every_layer.py", "tests/layers/test_layer.py"]

# Module → tests, those first that are likeliest to notice.
TARGETS: dict[str, list[str]] = {
    "layers/conv": ["tests/layers/test_conv.py", *BATTERY],
    "layers/dense": ["tests/layers/test_dense.py", *BATTERY],
    "layers/flatten": ["tests/layers/test_flatten.py", *BATTERY],
    "layers/layer": ["tests/layers/test_layer.py", "tests/layers"],
    "layers/pool": ["tests/layers/test_pool.py", *BATTERY],
    "layers/relu": ["tests/layers/test_relu.py", *BATTERY],
    "layers/softmax": ["tests/layers/test_softmax.py"],
    "engines/reference": ["tests/engines/test_reference.py"],
}

EQUIVALENT: dict[tuple[str, str, str], str] = {}
"""(module, function, change) → why that change changes nothing that anybody could observe."""


class Outcome(NamedTuple):
    """A mutant, the module that it is of, and what noticed it (None: nothing)."""

    module: str
    mutant: Mutant
    noticed_by: str | None

    @property
    def key(self) -> tuple[str, str, str]:
        """What stays the same when lines move."""
        return self.module, self.mutant.function, self.mutant.change


def hunt(modules: Sequence[str] = tuple(TARGETS), processes: int | None = None) -> list[Outcome]:
    """Damage each module in every way, and see what notices.

    Raises
    ------
    RuntimeError
        If a module that was not damaged fails its tests: then nothing could be concluded.
    """
    damaged, jobs = [], []
    for module in modules:
        source = (ROOT / "src" / "inkgrad" / f"{module}.py").read_text("utf-8")
        unharmed = Mutant(0, "", "unharmed", source)
        for mutant in [unharmed, *mutants(source)]:
            damaged.append((module, mutant))
            jobs.append(
                {
                    "module": f"inkgrad.{module.replace('/', '.')}",
                    "source": mutant.source,
                    "tests": TARGETS[module],
                }
            )
    outcomes = [Outcome(*d, by) for d, by in zip(damaged, _run(jobs, processes), strict=True)]
    for outcome in outcomes:
        if outcome.mutant.change == "unharmed" and outcome.noticed_by:
            raise RuntimeError(f"{outcome.module} itself fails: {outcome.noticed_by}")
    return [outcome for outcome in outcomes if outcome.mutant.change != "unharmed"]


def table(outcomes: Sequence[Outcome]) -> str:
    """Return one line a mutant: where, what was changed, and what noticed."""
    lines = []
    for outcome in outcomes:
        reason = EQUIVALENT.get(outcome.key)
        verdict = outcome.noticed_by or (f"equivalent: {reason}" if reason else "SURVIVED")
        change = " ".join(outcome.mutant.change.split())
        where = f"{outcome.module}:{outcome.mutant.line} {outcome.mutant.function}"
        lines.append(f"{where:48} {change}\n{'':48} {verdict}")
    return "\n".join(lines)


def _run(jobs: list[dict[str, object]], processes: int | None) -> list[str | None]:
    """Deal the jobs out to workers, and collect their answers in the jobs' order."""
    processes = processes or min(os.cpu_count() or 1, 8)
    hands = [jobs[at::processes] for at in range(processes)]
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # the plugins' imports take half a second
        "PYTHONPATH": str(ROOT / "src"),
    }

    def work(hand: list[dict[str, object]]) -> list[str | None]:
        done = subprocess.run(
            [sys.executable, "-m", "tests.mutation.worker"],
            input=json.dumps(hand),
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=environment,
            text=True,
            check=True,
        )
        return json.loads(done.stdout)

    answers: list[str | None] = [None] * len(jobs)
    with ThreadPoolExecutor(processes) as pool:
        for at, hand in enumerate(pool.map(work, hands)):
            answers[at::processes] = hand
    return answers


if __name__ == "__main__":
    chosen = [name for name in TARGETS if not sys.argv[1:] or name.split("/")[-1] in sys.argv[1:]]
    found = hunt(chosen)
    survivors = [outcome for outcome in found if not outcome.noticed_by]
    print(table(found))
    print(f"{len(found)} mutants, {len(found) - len(survivors)} noticed")
