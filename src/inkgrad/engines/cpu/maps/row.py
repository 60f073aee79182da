"""Stages of a network as a row of steps: which are known, and the frames between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from inkgrad.engines.cpu.maps.frame import Frame, Margin
from inkgrad.engines.cpu.maps.steps import (
    Activation,
    Average,
    Convolution,
    Depthwise,
    Side,
    Step,
    is_depthwise,
)
from inkgrad.layers import (
    BatchNorm,
    Conv2D,
    GlobalAveragePool,
    LeakyReLU,
    MaxPool2D,
    Parallel,
    ReLU,
    Shape,
)
from inkgrad.layers.row import Stage

__all__ = ["make_row"]

_NONE: Margin = (0, 0, 0, 0)


@dataclass
class _Draft:
    """A step before it is known how wide the margins around its maps are."""

    before: Shape
    after: Shape
    reads: Margin = _NONE
    writes: Margin = _NONE
    conv: Stage | None = None
    bias: str | None = None
    norm: tuple[str, BatchNorm] | None = None
    relu: Any = None
    pool: bool = False
    rows: list[list[_Draft]] = field(default_factory=list)
    join: str = ""
    average: bool = False
    name: str = ""

    @property
    def is_activation(self) -> bool:
        return self.conv is None and not self.rows and not self.average


def make_row(stages: Sequence[Stage]) -> list[Step]:
    """Return the steps that do what these stages do; all must be of the kinds that are known."""
    return _build(_drafts(stages, ""), _NONE, _NONE)


def _drafts(stages: Sequence[Stage], prefix: str) -> list[_Draft]:
    drafts: list[_Draft] = []
    for stage in stages:
        layer, name = stage.layer, prefix + stage.name
        before, after = stage.input_shape, stage.output_shape
        last = drafts[-1] if drafts and drafts[-1].is_activation else None
        if isinstance(layer, Conv2D):
            reads, writes = _kind(stage).margins(stage)
            drafts.append(_Draft(before, after, reads, writes, conv=stage, name=name))
            if layer.bias:
                drafts.append(_Draft(after, after, bias=f"{name}.bias"))
        elif isinstance(layer, BatchNorm):
            if last is None or last.norm or last.relu or last.pool:
                last = _Draft(before, after)
                drafts.append(last)
            last.norm = name, layer
        elif isinstance(layer, (ReLU, LeakyReLU)):
            if last is None or last.relu:
                last = _Draft(before, after)
                drafts.append(last)
            last.relu = layer
        elif isinstance(layer, MaxPool2D):
            if last is None or last.pool:
                last = _Draft(before, after)
                drafts.append(last)
            last.pool, last.after = True, after
        elif isinstance(layer, Parallel):
            rows = [
                _drafts(own, f"{name}.{number}.")
                for number, own in enumerate(layer.rows(before), start=1)
            ]
            reads = _widest(row[0].reads for row in rows if row)
            writes = _widest(row[-1].writes for row in rows if row)
            drafts.append(_Draft(before, after, reads, writes, rows=rows, join=layer.join))
        else:
            drafts.append(_Draft(before, after, average=True))
    return drafts


def _build(drafts: list[_Draft], first: Margin, last: Margin) -> list[Step]:
    """Make the steps; `first` and `last` are margins that others need at the row's two ends."""
    steps: list[Step] = []
    for k, draft in enumerate(drafts):
        outer = drafts[k - 1].writes if k else first
        before = Frame(draft.before, _widest([draft.reads, outer]))
        outer = drafts[k + 1].reads if k + 1 < len(drafts) else last
        margin = _widest([draft.writes, outer])
        after = Frame(draft.after, margin) if len(draft.after) == 3 else before
        steps.append(_step(draft, before, after))
    return steps


def _step(draft: _Draft, before: Frame, after: Frame) -> Step:
    if draft.conv is not None:
        return _kind(draft.conv)(draft.conv, draft.name, before, after)
    if draft.rows:
        rows = [_build(row, before.margin, after.margin) for row in draft.rows]
        return Side(rows, before, after, draft.join)
    if draft.average:
        return Average(before)
    return Activation(
        before, after, bias=draft.bias, norm=draft.norm, relu=draft.relu, pool=draft.pool
    )


def _kind(stage: Stage) -> type[Convolution | Depthwise]:
    return Depthwise if is_depthwise(stage.layer, stage.input_shape) else Convolution


def _widest(margins: Any) -> Margin:
    """Return the least margin that all of these fit into."""
    top, left, bottom, right = (max(sides) for sides in zip(_NONE, *margins, strict=True))
    return top, left, bottom, right
