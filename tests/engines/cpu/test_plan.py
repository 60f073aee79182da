"""What the kernels carry out together, and what is left to the layers themselves."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from inkgrad.engines import ReferenceEngine
from inkgrad.engines.cpu import CpuEngine, plan
from inkgrad.engines.cpu.plan import KernelSegment, LayerSegment, MapsSegment, make_plan
from inkgrad.layers import (
    INFERENCE,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    LeakyReLU,
    MaxPool2D,
    Mode,
    Parallel,
    ReLU,
)
from inkgrad.network import Network, Parameters
from tests.agreement import layer_errors
from tests.networks import random_batch, random_parameters

HEAD = [Flatten(), Dense(3)]


class Doubled(ReLU):
    """A layer of a user's own."""

    def forward(self, x):
        """Return twice what a ReLU gives."""
        y, saved = super().forward(x)
        return 2 * y, saved


def said(segment) -> str:
    """Return a segment in short: c for a convolution, r rectified, p pooled, d for dense.

    Those of maps stand in square brackets.
    """
    if isinstance(segment, MapsSegment):
        return f"[{' '.join(stage.name for stage in segment.stages)}]"
    if isinstance(segment, LayerSegment):
        return " ".join(stage.name for stage in segment.stages)
    blocks = [
        f"c{'r' * block.rectified}{'p' * (block.pool == 2)}" for block in segment.convolutions
    ]
    blocks += [f"d{'r' * block.rectified}" for block in segment.dense]
    return f"<{' '.join(blocks)}{' loss' * segment.has_loss}>"


@pytest.mark.parametrize(
    ("layers", "segments"),
    [
        ([Conv2D(4, 3), ReLU(), MaxPool2D(2), *HEAD], ["<crp d loss>"]),
        ([Conv2D(4, 3), MaxPool2D(2), ReLU(), *HEAD], ["<crp d loss>"]),
        ([Conv2D(4, 3), MaxPool2D(2), *HEAD], ["<cp d loss>"]),
        ([Conv2D(4, 3), Conv2D(4, 3), ReLU(), *HEAD], ["<c cr d loss>"]),
        ([Conv2D(4, 3), Flatten(), ReLU(), Dense(3)], ["<cr d loss>"]),
        ([Conv2D(4, 3, bias=False), ReLU(), *HEAD], ["<cr d loss>"]),
        ([Flatten(), Dense(5), ReLU(), Dense(3)], ["<dr d loss>"]),
        ([Conv2D(4, 3), ReLU(), MaxPool2D(3), *HEAD], ["<cr>", "pool1", "<d loss>"]),
        (
            [Conv2D(4, 3), ReLU(), MaxPool2D(2, 1), Conv2D(4, 3), *HEAD],
            ["<cr>", "pool1", "<c d loss>"],
        ),
        ([ReLU(), Conv2D(4, 3), *HEAD], ["relu1", "<c d loss>"]),
        ([Doubled(), Conv2D(4, 3), *HEAD], ["relu1", "<c d loss>"]),
        ([Conv2D(4, 3), Doubled(), *HEAD], ["<c>", "relu1", "<d loss>"]),
        ([Conv2D(4, 3, dilation=2), Conv2D(4, 3), *HEAD], ["conv1", "<c d loss>"]),
        ([Conv2D(4, 3), Conv2D(4, 3, groups=2), *HEAD], ["<c>", "conv2", "<d loss>"]),
        (
            [Conv2D(4, 3, padding=((0, 1), (1, 0))), ReLU(), *HEAD],
            ["conv1 relu1", "<d loss>"],
        ),
        ([Conv2D(4, 3), MaxPool2D(2, padding=1), *HEAD], ["<c>", "pool1", "<d loss>"]),
        ([Conv2D(4, 3), MaxPool2D(2), MaxPool2D(2), *HEAD], ["<cp>", "pool2", "<d loss>"]),
        (
            [Conv2D(4, 3), LeakyReLU(), AveragePool2D(2), *HEAD],
            ["<c>", "leaky1 average1", "<d loss>"],
        ),
        ([Conv2D(4, 3), GlobalAveragePool(), Dense(3)], ["<c>", "global1", "<d loss>"]),
        ([Conv2D(4, 3), BatchNorm(), ReLU(), *HEAD], ["[conv1 norm1 relu1]", "<d loss>"]),
        ([Flatten(), Dense(9), BatchNorm(), Dense(3)], ["<d>", "norm1", "<d loss>"]),
        ([Flatten(), BatchNorm(), Dense(3)], ["flatten1 norm1", "<d loss>"]),
        ([Conv2D(4, 3), Parallel([[ReLU()], []]), *HEAD], ["[conv1 parallel1]", "<d loss>"]),
        (
            [Conv2D(4, 3), ReLU(), MaxPool2D(3), Conv2D(4, 3), BatchNorm(), *HEAD],
            ["<cr>", "pool1", "[conv2 norm1]", "<d loss>"],
        ),
        (
            [Conv2D(4, 3), BatchNorm(), GlobalAveragePool(), BatchNorm(), Dense(3)],
            ["[conv1 norm1 global1]", "norm2", "<d loss>"],
        ),
        (
            [BatchNorm(), Conv2D(4, 3, groups=1, dilation=2), Dropout(), *HEAD],
            ["[norm1 conv1]", "dropout1", "<d loss>"],
        ),
        ([Parallel([[Conv2D(1, 1), Dropout()], []]), *HEAD], ["parallel1", "<d loss>"]),
        ([Parallel([[Conv2D(16, 1)], []], "concatenate"), *HEAD], ["[parallel1]", "<d loss>"]),
        (
            [Parallel([[Conv2D(4, 1)], []], "concatenate"), *HEAD],
            ["parallel1", "<d loss>"],
        ),
        ([*HEAD, ReLU()], ["<dr>"]),
        ([*HEAD, Dropout()], ["<d>", "dropout1"]),
        ([Conv2D(4, 3)], ["<c>"]),
        ([LeakyReLU(), Flatten()], ["leaky1 flatten1"]),
    ],
)
def test_a_network_is_cut_where_the_kernels_know_no_more(layers, segments):
    plan = make_plan(Network(layers, (1, 12, 12)))
    assert [said(segment) for segment in plan] == segments
    stages = [stage for segment in plan for stage in segment.stages]
    assert tuple(stages) == Network(layers, (1, 12, 12)).stages
    kernels = [segment.is_first for segment in plan if isinstance(segment, KernelSegment)]
    assert kernels == [segment is plan[0] for segment in plan if isinstance(segment, KernelSegment)]


@pytest.mark.parametrize("kind", [Conv2D, Dense, Flatten, MaxPool2D, ReLU])
def test_a_setting_that_the_kernels_do_not_know_is_not_ignored(kind, monkeypatch):
    """Say somebody adds a setting to a layer: `shift`, a number that is added to its output."""

    @dataclasses.dataclass(frozen=True)
    class Shifted(kind):
        shift: float = 0.5

        def forward(self, x, **parameters):
            y, saved = super().forward(x, **parameters)
            return y + np.float32(self.shift), saved

    known = dict(plan._KNOWN)
    monkeypatch.setattr(plan, "_KNOWN", {**known, Shifted: known[kind]})  # as if it were in `kind`

    def layer(*settings):
        return (Shifted if settings[0] is kind else settings[0])(*settings[1:])

    layers = [layer(Conv2D, 4, 3), layer(ReLU), layer(MaxPool2D, 2)]
    layers += [layer(Flatten), layer(Dense, 6), ReLU(), Dense(3)]
    network = Network(layers, (1, 12, 12))
    ours = [segment for segment in make_plan(network) if isinstance(segment, KernelSegment)]
    assert ours
    assert Shifted not in {type(stage.layer) for segment in ours for stage in segment.stages}
    rng = np.random.default_rng(0)
    parameters = random_parameters(network, rng, np.float32)
    x, labels = random_batch(network, 5, rng, np.float32)
    ours = CpuEngine(network).gradients(parameters, x, labels)
    theirs = ReferenceEngine(network).gradients(parameters, x, labels)
    np.testing.assert_allclose(ours.logits, theirs.logits, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours.vector, theirs.vector, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("middle", [LeakyReLU(0.1), BatchNorm(), Dropout(0.2)])
@pytest.mark.parametrize("n", [3, 70, 150])
def test_a_layer_that_the_kernels_do_not_know_may_stand_anywhere(middle, n):
    """Between convolutions, before the dense layers, between those, and behind them."""
    layers = [middle, Conv2D(9, 3, padding=1), middle, Conv2D(17, 3, bias=False), ReLU()]
    layers += [MaxPool2D(2), middle, Conv2D(5, (2, 1), stride=2), Flatten(), middle, Dense(20)]
    network = Network([*layers, ReLU(), middle, Dense(4), ReLU(), middle], (2, 13, 18))
    rng = np.random.default_rng(n)
    parameters = random_parameters(network, rng, np.float32)
    x, labels = random_batch(network, n, rng, np.float32)
    for mode in (INFERENCE, Mode.of_step(seed=0, step=n)):
        theirs = ReferenceEngine(network).contribution(
            parameters.astype(np.float64), x.astype(np.float64), labels, mode=mode
        )
        for threads in (1, 3):
            ours = CpuEngine(network, threads).contribution(parameters, x, labels, mode=mode)
            np.testing.assert_allclose(ours.logits, theirs.logits, rtol=1e-3, atol=1e-4)
            np.testing.assert_allclose(ours.statistics, theirs.statistics, rtol=1e-4, atol=1e-5)
            distance = np.linalg.norm(ours.gradient - theirs.gradient)
            assert distance <= 1e-4 * np.linalg.norm(theirs.gradient)


def test_blank_paper_is_blank_paper_in_every_block():
    """Windows of blank features are answered from memory: three blocks deep, at every border."""
    block = [ReLU(), MaxPool2D(2)]
    layers = [Conv2D(8, 3, padding=1), *block, Conv2D(9, 3, padding=1), *block]
    network = Network([*layers, Conv2D(20, 3, padding=1), *block, *HEAD], (1, 40, 40))
    rng = np.random.default_rng(0)
    parameters = random_parameters(network, rng, np.float32)
    x, labels = random_batch(network, 12, rng, np.float32)
    for n in range(12):  # ink in one corner after the other, or nowhere
        x[n, 0, 3 * n :, :] = 0
        x[n, 0, :, : 3 * (11 - n)] = 0
    x[5] = 0
    ours = CpuEngine(network, threads=2).gradients(parameters, x, labels)
    theirs = ReferenceEngine(network).gradients(parameters, x, labels)
    np.testing.assert_allclose(ours.logits, theirs.logits, rtol=1e-4, atol=1e-5)
    errors = layer_errors(
        network, Parameters(network, ours.vector), Parameters(network, theirs.vector)
    )
    assert max(errors.values()) <= 1e-5, errors
