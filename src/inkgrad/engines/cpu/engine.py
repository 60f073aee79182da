"""The fast engine: the same mathematics, carried out by compiled kernels on several threads."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from inkgrad.engines.cpu.plan import make_plan
from inkgrad.engines.engine import Gradients, Learnt
from inkgrad.engines.reference import ReferenceEngine
from inkgrad.errors import InkgradError
from inkgrad.layers import Array
from inkgrad.layers.softmax import check_labels
from inkgrad.memory import aligned_zeros
from inkgrad.network import Network, Parameters
from inkgrad.optimizers import AdamRule

if TYPE_CHECKING:
    from inkgrad.engines.cpu.runner import Workspace, Workspaces

__all__ = ["CpuEngine"]


class CpuEngine:
    """Carries a network out with kernels that Numba compiles for this processor.

    Convolutions with the ReLU and 2×2 pool behind them, and dense layers, are carried out at once;
    layers that the kernels do not know, at the network's beginning, by themselves (see
    `inkgrad.engines.cpu.plan`). Numbers agree with the reference engine's up to the rounding of
    float32. Parameters that are not float32 are left to the reference engine altogether.

    The same network, numbers and machine give the same bits, for any number of threads; where
    convolutions or dense layers are carried out by themselves, as long as NumPy's BLAS has as many
    threads (see `ReferenceEngine`).

    Parameters
    ----------
    network : Network
    threads : int, optional
        At most so many work; by default as many as there are processors for this process.

    Raises
    ------
    InkgradError
        If `threads` is less than 1.

    Examples
    --------
    >>> from inkgrad.network import seed_network
    >>> engine = CpuEngine(seed_network(), threads=2)
    >>> parameters = engine.network.initialise(seed=0)
    >>> x = np.zeros((2, 1, 28, 28), np.float32)
    >>> loss, logits, gradient = engine.gradients(parameters, x, np.array([0, 1]))
    >>> round(loss, 4), gradient.shape           # blank paper: all classes alike, log 5 = 1.6094
    (1.6094, (420997,))
    """

    name = "cpu"

    def __init__(self, network: Network, threads: int | None = None) -> None:
        if threads is not None and threads < 1:
            raise InkgradError(f"threads is {threads}; give a whole number of at least 1")
        self.network = network
        self.threads = _processors() if threads is None else threads
        self._plan = make_plan(network)
        self._size_before = sum(stage.parameters for stage in self._plan.before)
        self._reference = ReferenceEngine(network)

    @functools.cached_property
    def _spaces(self) -> Workspaces:
        from inkgrad.engines.cpu.runner import Workspaces

        return Workspaces(self.network, self._plan, self.threads)

    def prepare(self, on_progress: Callable[[int, int], None] | None = None) -> None:
        """Compile the kernels, or fetch them from the disk if they were compiled before.

        Parameters
        ----------
        on_progress : callable, optional
            Told (done, total), in functions, while there is something to compile.
        """
        from inkgrad.engines.cpu.warmup import compile_kernels

        compile_kernels(on_progress)

    def workspace_bytes(self, batch: int) -> int:
        """Return how much memory a step takes beside parameters, gradient and data."""
        from inkgrad.engines.cpu.runner import Workspace

        return Workspace(self.network, self._plan, batch, self.threads).bytes

    def forward(self, parameters: Parameters, x: Array) -> Array:
        """Return the logits, (n, classes)."""
        if not self._can(parameters, x):
            return self._reference.forward(parameters, x)
        return self._outputs(parameters, x, probabilities=False)

    def features(self, parameters: Parameters, x: Array) -> Array:
        """Return what the last layer is given, (n, *its input shape)."""
        last = self.network.stages[-1]
        if not self._can(parameters, x) or last is not self._plan.dense[-1].stage:
            return self._reference.features(parameters, x)
        with self._spaces.lend(len(x)) as space:
            self._run_forward(space, parameters, x, probabilities=False)
            return space.features(len(x))

    def predict(self, parameters: Parameters, x: Array) -> Array:
        """Return the probabilities, (n, classes)."""
        if not self._can(parameters, x):
            return self._reference.predict(parameters, x)
        return self._outputs(parameters, x, probabilities=True)

    def predictor(self, parameters: Parameters) -> Callable[[Array], Array]:
        """Return a function from x to probabilities, with its own copy of the parameters.

        The weights are laid out once, so that it is quick for single drawings too.
        """
        if not self._can(parameters, np.zeros((1, *self.network.input_shape), np.float32)):
            return self._reference.predictor(parameters)
        from inkgrad.engines.cpu.predictor import Predictor

        return Predictor(self._reference, self._plan, parameters, self.threads)

    def gradients(
        self, parameters: Parameters, x: Array, labels: Array, *, label_smoothing: float = 0.0
    ) -> Gradients:
        """Return the loss, the logits and the loss's derivative by every parameter."""
        if not self._can(parameters, x):
            return self._reference.gradients(parameters, x, labels, label_smoothing=label_smoothing)
        gradient = aligned_zeros(self.network.size, np.float32)
        loss, logits, _ = self._teach(
            parameters, x, labels, label_smoothing, gradient, _writable(parameters.vector)
        )
        return Gradients(loss, logits, gradient)

    def learn(
        self,
        parameters: Parameters,
        x: Array,
        labels: Array,
        rule: AdamRule,
        *,
        label_smoothing: float = 0.0,
    ) -> Learnt:
        """Make one step of Adam, the update joined with the backward pass.

        A weight is moved while its gradient is still in the cache, and no gradient is written
        down for the dense layers.

        Raises
        ------
        InkgradError
            If the parameters, m or v cannot be written to.
        """
        if not all(a.flags.writeable for a in (parameters.vector, rule.m, rule.v)):
            raise InkgradError(
                "the parameters, m and v are moved in place, but one of them is read-only; "
                "give copies"
            )
        if not self._can(parameters, x):
            loss, logits, gradient = self._reference.gradients(
                parameters, x, labels, label_smoothing=label_smoothing
            )
            rule.move(parameters.vector, gradient)
            return Learnt(loss, logits, float(np.linalg.norm(gradient.astype(np.float64))))
        loss, logits, squares = self._teach(
            parameters, x, labels, label_smoothing, None, parameters.vector, rule
        )
        return Learnt(loss, logits, math.sqrt(squares))

    def _teach(
        self,
        parameters: Parameters,
        x: Array,
        labels: Array,
        smoothing: float,
        gradient: Array | None,
        theta: Array,
        rule: AdamRule | None = None,
    ) -> tuple[float, Array, float]:
        """Return the loss, the logits and the sum of the gradient's squares (with a rule)."""
        from inkgrad.engines.cpu.runner import RULE, run

        n, classes = len(x), self.network.output_shape[0]
        check_labels((n, classes), labels)
        settings = np.zeros(1, RULE)
        moving: dict[str, Any] = {}
        if rule is not None:
            fill_rule(settings, rule)
            moving = {"m": rule.m, "v": rule.v}
        x, trail = self._before(parameters, x)
        outputs, losses = np.empty(n * classes, np.float32), np.empty(n)
        with self._spaces.lend(n) as space:
            if gradient is None:
                if len(space.gradient) != self.network.size:
                    space.gradient = np.empty(self.network.size, np.float32)
                gradient = space.gradient
            dx = np.empty(x.size if trail else 1, np.float32)
            squares = run(
                space,
                self.threads,
                n,
                theta=theta,
                x=_flat(x),
                labels=_flat(labels, np.int64),
                gradient=gradient,
                rule=settings,
                dx=dx,
                outputs=outputs,
                losses=losses,
                teaches=True,
                smoothing=smoothing,
                **moving,
            )
            total = float(squares.sum())
            if trail and not self._plan.convolutions:
                first = space.layout.dense[0]
                place, step, inputs = (int(first[k]) for k in ("input", "input_step", "inputs"))
                rows = space.floats[place : place + n * step].reshape(n, step)
                dx = rows[:, :inputs].copy()
            if trail:
                self._after(trail, dx.reshape(x.shape), Parameters(self.network, gradient))
                if rule is not None:
                    own = gradient[: self._size_before]
                    rule.first(len(own)).move(parameters.vector[: len(own)], own)
                    total += float(np.square(own, dtype=np.float64).sum())
        return float(losses.mean()), outputs.reshape(n, classes), total

    def _outputs(self, parameters: Parameters, x: Array, probabilities: bool) -> Array:
        with self._spaces.lend(len(x)) as space:
            return self._run_forward(space, parameters, x, probabilities)

    def _run_forward(
        self, space: Workspace, parameters: Parameters, x: Array, probabilities: bool
    ) -> Array:
        from inkgrad.engines.cpu.runner import run

        n, classes = len(x), self.network.output_shape[0]
        x, _ = self._before(parameters, x)
        outputs = np.empty(n * classes, np.float32)
        run(
            space,
            self.threads,
            n,
            theta=_writable(parameters.vector),
            x=_flat(x),
            outputs=outputs,
            probabilities=probabilities,
        )
        return outputs.reshape(n, classes)

    def _before(self, parameters: Parameters, x: Array) -> tuple[Array, list[Any]]:
        """Carry out the layers before the kernels' part; return what each saved, too."""
        x, trail = np.asarray(x, np.float32), []
        for stage in self._plan.before:
            x, saved = stage.layer.forward(x, **parameters.of(stage))
            trail.append((stage, saved))
        return x, trail

    def _after(self, trail: list[Any], dy: Array, gradient: Parameters) -> None:
        """Go back through the layers before the kernels' part."""
        for stage, saved in reversed(trail):
            dy, gradients = stage.layer.backward(dy, saved)
            for name, values in gradients.items():
                gradient[f"{stage.name}.{name}"] = values

    def _can(self, parameters: Parameters, x: Array) -> bool:
        """Whether there is something for the kernels to do. Inputs of another shape are refused."""
        self._reference.check(x)
        return bool(self._plan.dense) and len(x) > 0 and parameters.vector.dtype == np.float32


def fill_rule(settings: Any, rule: AdamRule) -> None:
    """Write a rule as compiled code reads it (`inkgrad.engines.cpu.phases.RULE`)."""
    settings["fused"] = 1
    settings["beta1"], settings["one_less_beta1"] = rule.beta1, 1 - rule.beta1
    settings["beta2"], settings["one_less_beta2"] = rule.beta2, 1 - rule.beta2
    settings["epsilon"], settings["step_size"] = rule.epsilon, rule.step_size
    settings["correction"] = rule.correction


def _flat(array: Array, dtype: type = np.float32) -> Array:
    """Return an array's numbers in a row, as compiled code takes them."""
    return _writable(np.ascontiguousarray(array, dtype).reshape(-1))


def _writable(array: Array) -> Array:
    """Return the array, or a copy if it is read-only: to Numba that is another type."""
    return array if array.flags.writeable else array.copy()


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
