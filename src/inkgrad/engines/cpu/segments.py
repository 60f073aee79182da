"""Segments at work: each runs its stages there and back, by kernels or by the layers themselves."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from inkgrad.engines.cpu.plan import KernelSegment, LayerSegment, MapsSegment
from inkgrad.engines.cpu.runner import RULE, Way, Workspace, Workspaces, run
from inkgrad.layers import Array, Mode, row
from inkgrad.layers.softmax import check_labels
from inkgrad.memory import writable
from inkgrad.network import Network, Parameters, Statistics
from inkgrad.optimizers import Adam

if TYPE_CHECKING:
    from inkgrad.engines.cpu.maps.run import MapsRun

__all__ = ["FusedAdam", "KernelRun", "LayerRun", "LossResult", "make_run"]


@dataclass(frozen=True)
class FusedAdam:
    """A step of Adam that is made while the gradient is still in the cache.

    Attributes
    ----------
    adam : Adam
        See there for the mathematics.
    m, v : (network.size,) arrays
        Its averages, written in place.
    t : int
        The step's number, from 1.
    learning_rate : float
    """

    adam: Adam
    m: Array
    v: Array
    t: int
    learning_rate: float

    @functools.cached_property
    def rule(self) -> Any:
        """The step as compiled code reads it (`inkgrad.engines.cpu.job.RULE`)."""
        rule = np.zeros(1, RULE)
        rule["fused"] = 1
        rule["beta1"], rule["one_less_beta1"] = self.adam.beta1, 1 - self.adam.beta1
        rule["beta2"], rule["one_less_beta2"] = self.adam.beta2, 1 - self.adam.beta2
        rule["epsilon"] = self.adam.epsilon
        rule["step_size"], rule["correction"] = self.adam.rates(self.t, self.learning_rate)
        return rule


class LossResult(NamedTuple):
    """What the last segment finds.

    Attributes
    ----------
    loss, logits
    dx : array, or None if the segment is the whole network
    squares : float
        Of a fused step: the sum of the gradient's squares.
    """

    loss: float
    logits: Array
    dx: Array | None
    squares: float = 0.0


def make_run(
    network: Network,
    segment: LayerSegment | MapsSegment | KernelSegment,
    threads: int,
    pool: Callable[[], Executor] | None = None,
) -> LayerRun | MapsRun | KernelRun:
    """Return what runs a segment; where kernels teach, by a pool's threads if there is one."""
    if isinstance(segment, KernelSegment):
        return KernelRun(network, segment, threads, pool)
    if isinstance(segment, MapsSegment):
        from inkgrad.engines.cpu.maps.run import MapsRun

        return MapsRun(segment.stages, is_first=segment.is_first)
    return LayerRun(segment)


class LayerRun:
    """Runs a segment by its layers."""

    takes_all = False

    def __init__(self, segment: LayerSegment) -> None:
        self._stages = segment.stages

    def weights(
        self, parameters: Parameters, pool: Executor | None = None
    ) -> AbstractContextManager[None]:
        """Lay nothing out: layers take weights as they are."""
        return contextlib.nullcontext()

    def forward(self, parameters: Parameters, x: Array, pool: Executor | None = None) -> Array:
        """Return what the last stage gives."""
        return row.forward(self._stages, x, self._own(parameters))[0]

    def there(
        self, parameters: Parameters, x: Array, mode: Mode, statistics: Statistics, weights: None
    ) -> tuple[Array, row.Trail]:
        """Return what the last stage gives, and what the way back will need; write statistics."""
        own = self._own(parameters)
        y, trail = row.forward(self._stages, x, own, mode)
        for name, values in row.next_state(trail, own).items():
            statistics[name] = values
        return y, trail

    def back(self, parameters: Parameters, dy: Array, saved: row.Trail, gradient: Array) -> Array:
        """Write the gradient; return dx."""
        dx, gradients = row.backward(saved, dy)
        for name, values in gradients.items():
            where, _ = parameters.network.layout[name]
            gradient[where] = values.reshape(-1)
        return dx

    def _own(self, parameters: Parameters) -> dict[str, Array]:
        """Return the stages' numbers by name."""
        return {
            f"{stage.name}.{name}": values
            for stage in self._stages
            for name, values in parameters.of(stage).items()
        }


class KernelRun:
    """Runs a segment by the kernels, in buffers of its own.

    Attributes
    ----------
    takes_all : bool
        Whether it is given a batch as a whole, which it shares out among threads by itself.
    ends_in_dense : bool
    """

    takes_all = True

    def __init__(
        self,
        network: Network,
        segment: KernelSegment,
        threads: int,
        pool: Callable[[], Executor] | None = None,
    ) -> None:
        self._segment, self._threads = segment, threads
        self._pool: Callable[[], Executor | None] = pool or (lambda: None)
        self._output_shape = segment.stages[-1].output_shape
        self._sends_back = not segment.is_first
        self.ends_in_dense = bool(segment.dense) and segment.stages[-1] is segment.dense[-1].stage
        self._spaces = Workspaces(network, segment, threads)

    def weights(
        self, parameters: Parameters, pool: Executor | None = None
    ) -> AbstractContextManager[None]:
        """Lay nothing out: every pass begins with that."""
        return contextlib.nullcontext()

    def forward(
        self,
        parameters: Parameters,
        x: Array,
        pool: Executor | None = None,
        probabilities: bool = False,
    ) -> Array:
        """Return what the last stage gives, or the softmax of that; by threads of its own."""
        with self._spaces.lend(len(x)) as space:
            return self._forward(space, parameters, x, probabilities)

    def features(self, parameters: Parameters, x: Array) -> Array:
        """Return what the last dense layer is given."""
        with self._spaces.lend(len(x)) as space:
            self._forward(space, parameters, x, probabilities=False)
            return space.features(len(x))

    def there(
        self, parameters: Parameters, x: Array, mode: Mode, statistics: Statistics, weights: None
    ) -> tuple[Array, tuple[Workspace, Array, Array]]:
        """Return what the last stage gives, and what the way back will need."""
        n, flat = len(x), flat_numbers(x)
        space = self._spaces.take(n)
        outputs = np.empty((n, *self._output_shape), np.float32)
        run(
            space,
            self._threads,
            n,
            Way.THERE,
            self._pool(),
            theta=writable(parameters.vector),
            x=flat,
            outputs=outputs.reshape(-1),
        )
        return outputs, (space, x, flat)

    def back(
        self,
        parameters: Parameters,
        dy: Array,
        saved: tuple[Workspace, Array, Array],
        gradient: Array,
    ) -> Array:
        """Write the gradient; return dx."""
        space, x, flat = saved
        dx = self._room_for_dx(x)
        run(
            space,
            self._threads,
            len(x),
            Way.BACK,
            self._pool(),
            theta=writable(parameters.vector),
            x=flat,
            gradient=gradient,
            dx=dx,
            outputs=flat_numbers(dy),
        )
        found = self._found_dx(space, dx, x)
        self._spaces.give_back(space)
        return dx if found is None else found

    def teach(
        self,
        parameters: Parameters,
        x: Array,
        labels: Array,
        smoothing: float,
        gradient: Array,
        fused: FusedAdam | None = None,
    ) -> LossResult:
        """Run the network's last segment: forward, the loss, and back; write the gradient.

        With a fused step the parameters are moved, and of the gradient only what that needs is
        written.
        """
        n, (classes,) = len(x), self._output_shape
        check_labels((n, classes), labels)
        outputs, losses, dx = np.empty(n * classes, np.float32), np.empty(n), self._room_for_dx(x)
        moving = {"rule": fused.rule, "m": fused.m, "v": fused.v} if fused else {}
        with self._spaces.lend(n) as space:
            squares = run(
                space,
                self._threads,
                n,
                Way.TEACH,
                self._pool(),
                theta=parameters.vector if fused else writable(parameters.vector),
                x=flat_numbers(x),
                labels=flat_numbers(labels, np.int64),
                gradient=gradient,
                dx=dx,
                outputs=outputs,
                losses=losses,
                smoothing=smoothing,
                **moving,
            )
            found = self._found_dx(space, dx, x)
        logits = outputs.reshape(n, classes)
        return LossResult(float(losses.mean()), logits, found, float(squares.sum()))

    def _forward(
        self, space: Workspace, parameters: Parameters, x: Array, probabilities: bool
    ) -> Array:
        outputs = np.empty((len(x), *self._output_shape), np.float32)
        run(
            space,
            self._threads,
            len(x),
            theta=writable(parameters.vector),
            x=flat_numbers(x),
            outputs=outputs.reshape(-1),
            probabilities=probabilities,
        )
        return outputs

    def _room_for_dx(self, x: Array) -> Array:
        """Return an array for what convolutions send back, if anybody asks for it."""
        return np.empty(x.size if self._sends_back else 1, np.float32)

    def _found_dx(self, space: Workspace, dx: Array, x: Array) -> Array | None:
        """Return dx in the shape of x, from where the kernels left it; None if not asked for."""
        if not self._sends_back:
            return None
        if not self._segment.convolutions:
            dx = space.inputs_gradient(len(x))
        return dx.reshape(x.shape)


def flat_numbers(array: Array, dtype: type = np.float32) -> Array:
    """Return an array's numbers in a row, as compiled code takes them."""
    return writable(np.ascontiguousarray(array, dtype).reshape(-1))
