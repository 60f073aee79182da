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
    "layers/average": ["tests/layers/test_average.py", *BATTERY],
    "layers/conv": ["tests/layers/test_conv.py", *BATTERY],
    "layers/dense": ["tests/layers/test_dense.py", *BATTERY],
    "layers/dropout": ["tests/layers/test_dropout.py", *BATTERY],
    "layers/flatten": ["tests/layers/test_flatten.py", *BATTERY],
    "layers/layer": ["tests/layers/test_layer.py", "tests/layers"],
    "layers/leaky_relu": ["tests/layers/test_leaky_relu.py", *BATTERY],
    "layers/mode": ["tests/layers/test_mode.py"],
    "layers/norm": ["tests/layers/test_norm.py", *BATTERY],
    "layers/parallel": ["tests/layers/test_parallel.py", *BATTERY],
    "layers/pool": ["tests/layers/test_pool.py", *BATTERY],
    "layers/relu": ["tests/layers/test_relu.py", *BATTERY],
    "layers/row": ["tests/layers/test_parallel.py", "tests/test_network.py", *BATTERY],
    "layers/softmax": ["tests/layers/test_softmax.py"],
    "engines/trainer": ["tests/training/test_step.py"],
    "engines/reference": ["tests/engines/test_reference.py"],
    "optimizers/adam": ["tests/optimizers/test_optimizer.py"],
    "optimizers/adamw": ["tests/optimizers/test_optimizer.py"],
    "optimizers/averaging": ["tests/optimizers/test_averaging.py"],
    "optimizers/clipping": ["tests/optimizers/test_clipping.py"],
    "optimizers/optimizer": ["tests/optimizers/test_optimizer.py"],
    "optimizers/schedules": ["tests/optimizers/test_schedules.py"],
    "optimizers/sgd": ["tests/optimizers/test_optimizer.py"],
}

EQUIVALENT: dict[tuple[str, str, str], str] = {
    ("layers/average", "GlobalAveragePool.forward", "(2, 3) → (3, 2)"): (
        "a sum over two axes, in either order"
    ),
    ("engines/trainer", "Contributor.contribution", "0.0 → 1.0"): "only a description for types",
    (
        "layers/norm",
        "BatchNorm.__post_init__",
        "(('momentum', 1), ('epsilon', math.inf)) → (('epsilon', math.inf), ('momentum', 1))",
    ): "each is checked by itself",
    ("layers/norm", "BatchNorm.backward", "(dx, dscale, dshift) → (dx, dshift, dscale)"): (
        "both are zeros of one shape then"
    ),
    ("layers/norm", "shards", "True → False"): "the two lists are of one length",
    ("layers/parallel", "Parallel.output_shape", "0 → -1"): "all shapes, or all sizes, are equal",
    ("layers/parallel", "Parallel.backward", "True → False"): "there is a share for each branch",
    ("layers/mode", "_next", "0 → -1"): "the array has one number, first and last",
    (
        "layers/row",
        "Stage.forward",
        "(self.parameter_shapes, self.state_shapes) → (self.state_shapes, self.parameter_shapes)",
    ): "they are handed over by name",
    ("layers/pool", "MaxPool2D.backward", "2 → 3"): (
        "the canvas gets larger than the padded picture, and the last line cuts the surplus off"
    ),
    ("layers/conv", "Conv2D.__post_init__", "(top, bottom) → (bottom, top)"): (
        "they are compared with each other, and where they differ both are kept as they are"
    ),
    ("layers/conv", "Conv2D.__post_init__", "(left, right) → (right, left)"): (
        "they are compared with each other, and where they differ both are kept as they are"
    ),
    ("layers/conv", "Conv2D.multiply_adds", "(k, h, w) → (h, k, w)"): "only their product is used",
    ("layers/conv", "Conv2D.multiply_adds", "(k, h, w) → (k, w, h)"): "only their product is used",
    ("layers/conv", "Conv2D.multiply_adds", "(fh, fw) → (fw, fh)"): "only their product is used",
    ("layers/conv", "patches", "(n, c, h, w, fh, fw) → (n, c, w, h, fh, fw)"): (
        "only the products h·w and f·f are used"
    ),
    ("layers/conv", "patches", "(n, c, h, w, fh, fw) → (n, c, h, w, fw, fh)"): (
        "only the products h·w and f·f are used"
    ),
    (
        "layers/dense",
        "Dense.parameter_shapes",
        "0 → -1",
    ): "the shape has one length, first and last",
    ("layers/dense", "Dense.multiply_adds", "0 → -1"): "the shape has one length, first and last",
    (
        "optimizers/clipping",
        "clip_by_norm",
        "max_norm < norm < math.inf → max_norm <= norm < math.inf",
    ): "at equality the gradient is multiplied by exactly 1",
    (
        "optimizers/averaging",
        "Averaging.state_names",
        "(*self.optimizer.state_names, AVERAGE) → (AVERAGE, *self.optimizer.state_names)",
    ): "the state is looked up by name, never by order",
    ("optimizers/adam", "Adam", "('m', 'v') → ('v', 'm')"): (
        "the state is looked up by name, never by order"
    ),
    ("optimizers/schedules", "OneCycle.__call__", "step < turn → step <= turn"): (
        "at the turn both lines are at the highest rate, up to the last bit"
    ),
}
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
        If a module fails its tests before it is damaged: then nothing could be concluded.
    """
    sources = {
        module: (ROOT / "src" / "inkgrad" / f"{module}.py").read_text("utf-8") for module in modules
    }
    unharmed = _run([_job(module, source) for module, source in sources.items()], processes)
    for module, complaint in zip(sources, unharmed, strict=True):
        if complaint:
            raise RuntimeError(f"{module} fails before it is damaged: {complaint}")
    damaged = [(module, m) for module, source in sources.items() for m in mutants(source)]
    noticed = _run([_job(module, mutant.source) for module, mutant in damaged], processes)
    return [Outcome(*one, by) for one, by in zip(damaged, noticed, strict=True)]


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


def _job(module: str, source: str) -> dict[str, object]:
    """Return what a worker needs to know."""
    name = f"inkgrad.{module.replace('/', '.')}"
    return {"module": name, "source": source, "tests": TARGETS[module]}


def _run(jobs: list[dict[str, object]], processes: int | None) -> list[str | None]:
    """Deal the jobs out to workers, and collect their answers in the jobs' order."""
    processes = processes or min(os.cpu_count() or 1, 8)
    hands = [jobs[at::processes] for at in range(processes)]
    # Compiled code is kept, though who starts this may keep none.
    ours = {key: v for key, v in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment = {
        **ours,
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
