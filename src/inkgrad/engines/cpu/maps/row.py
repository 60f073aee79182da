"""Stages of a network as a row of steps: what is joined to one, and the frames between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from inkgrad.engines.cpu.maps.behind import Activation
from inkgrad.engines.cpu.maps.filters import filters_of
from inkgrad.engines.cpu.maps.frame import Frame, Margin
from inkgrad.engines.cpu.maps.steps import Activate, Average, Convolve, Side, Step
from inkgrad.layers import BatchNorm, Conv2D, LeakyReLU, MaxPool2D, Parallel, ReLU, Shape
from inkgrad.layers.row import Stage

__all__ = ["every_step", "make_row"]

_NONE: Margin = (0, 0, 0, 0)


@dataclass
class _Draft:
    """A step before it is known how wide the margins around its maps are."""

    before: Shape
    after: Shape
    name: str = ""
    conv: Stage | None = None
    ahead: _Draft | None = None  # of the convolution
    is_activation: bool = False
    bias: str | None = None
    norm: tuple[str, BatchNorm] | None = None
    relu: Any = None
    pool: bool = False
    rows: list[list[_Draft]] = field(default_factory=list)
    join: str = ""

    @property
    def reads(self) -> Margin:
        """The margin that the step needs around its input."""
        if self.rows:
            return _widest([row[0].reads for row in self.rows if row])
        if self.conv is None or self.ahead is not None:
            return _NONE
        return filters_of(self.conv, _NONE, _NONE).x.margin

    @property
    def wants_measures(self) -> bool:
        """Whether the step begins with a norm."""
        return self.norm is not None or (self.ahead is not None and self.ahead.norm is not None)


def make_row(stages: Sequence[Stage]) -> list[Step]:
    """Return the steps that do what these stages do; all must be of the kinds that are known."""
    drafts = _drafts(stages, "")
    return _build(drafts, drafts[0].reads)


def every_step(steps: Sequence[Step]) -> Iterator[Step]:
    """Yield steps, and those in their branches."""
    for step in steps:
        yield step
        if isinstance(step, Side):
            for row in step.rows:
                yield from every_step(row)


def _drafts(stages: Sequence[Stage], prefix: str) -> list[_Draft]:
    drafts: list[_Draft] = []
    for stage in stages:
        layer, name = stage.layer, prefix + stage.name
        before, after = stage.input_shape, stage.output_shape
        last = drafts[-1] if drafts and drafts[-1].is_activation else None
        if isinstance(layer, Conv2D):
            own = _Draft(before, after, name, conv=stage)
            if last is not None:
                own.ahead, own.before = drafts.pop(), last.before
            drafts.append(own)
            if layer.bias:
                drafts.append(_Draft(after, after, is_activation=True, bias=f"{name}.bias"))
        elif isinstance(layer, Parallel):
            rows = [
                _drafts(branch, f"{name}.{number}.")
                for number, branch in enumerate(layer.rows(before), start=1)
            ]
            drafts.append(_Draft(before, after, rows=rows, join=layer.join))
        elif isinstance(layer, (BatchNorm, ReLU, LeakyReLU, MaxPool2D)):
            if last is None or _is_taken(last, layer):
                last = _Draft(before, after, is_activation=True)
                drafts.append(last)
            if isinstance(layer, BatchNorm):
                last.norm = name, layer
            elif isinstance(layer, MaxPool2D):
                last.pool, last.after = True, after
            else:
                last.relu = layer
        else:
            drafts.append(_Draft(before, after))
    return drafts


def _is_taken(draft: _Draft, layer: Any) -> bool:
    """Whether an activation can take no such layer any more: its order is norm, ReLU, pool.

    A ReLU may stand behind the pool, which is the same.
    """
    if isinstance(layer, BatchNorm):
        return draft.norm is not None or draft.relu is not None or draft.pool
    return draft.pool if isinstance(layer, MaxPool2D) else draft.relu is not None


def _build(drafts: list[_Draft], first: Margin) -> list[Step]:
    """Make the steps; `first` is the margin of what the row is given."""
    steps: list[Step] = []
    margin = first
    for k, draft in enumerate(drafts):
        following = drafts[k + 1] if k + 1 < len(drafts) else None
        writes = following.reads if following else _NONE
        measures = following is not None and following.wants_measures
        steps.append(_step(draft, margin, writes, measures))
        margin = writes
    return steps


def _step(draft: _Draft, reads: Margin, writes: Margin, measures: bool) -> Step:
    before = Frame(draft.before, reads)
    if draft.conv is not None:
        ahead = None if draft.ahead is None else _activation(draft.ahead, before)
        filters = filters_of(draft.conv, _NONE if ahead else reads, writes)
        return Convolve(draft.name, filters, ahead, measures)
    if draft.rows:
        after = Frame(draft.after, writes)
        return Side([_build(row, reads) for row in draft.rows], before, after, draft.join)
    if draft.is_activation:
        return Activate(_activation(draft, before), Frame(draft.after, writes))
    return Average(before)


def _activation(draft: _Draft, before: Frame) -> Activation:
    return Activation(before, bias=draft.bias, norm=draft.norm, relu=draft.relu, pool=draft.pool)


def _widest(margins: list[Margin]) -> Margin:
    """Return the least margin that all of these fit into."""
    top, left, bottom, right = (max(sides) for sides in zip(_NONE, *margins, strict=True))
    return top, left, bottom, right
