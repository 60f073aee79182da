"""What the kernels carry out together, and what is left to the layers themselves."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from inkgrad.engines import ReferenceEngine
from inkgrad.engines.cpu import CpuEngine, plan
from inkgrad.engines.cpu.plan import make_plan
from inkgrad.layers import (
    AveragePool2D,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool,
    LeakyReLU,
    MaxPool2D,
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


@pytest.mark.parametrize(
    ("layers", "before", "blocks"),
    [
        ([Conv2D(4, 3), ReLU(), MaxPool2D(2), *HEAD], 0, [(True, 2)]),
        ([Conv2D(4, 3), MaxPool2D(2), ReLU(), *HEAD], 0, [(True, 2)]),
        ([Conv2D(4, 3), MaxPool2D(2), *HEAD], 0, [(False, 2)]),
        ([Conv2D(4, 3), Conv2D(4, 3), ReLU(), *HEAD], 0, [(False, 1), (True, 1)]),
        ([Conv2D(4, 3), Flatten(), ReLU(), Dense(3)], 0, [(True, 1)]),
        ([Conv2D(4, 3), ReLU(), MaxPool2D(3), *HEAD], 3, []),
        ([Conv2D(4, 3), ReLU(), MaxPool2D(2, 1), Conv2D(4, 3), *HEAD], 3, [(False, 1)]),
        ([ReLU(), Conv2D(4, 3), *HEAD], 1, [(False, 1)]),
        ([Doubled(), Conv2D(4, 3), *HEAD], 1, [(False, 1)]),
        ([Conv2D(4, 3), Doubled(), *HEAD], 2, []),
        ([Conv2D(4, 3, dilation=2), Conv2D(4, 3), *HEAD], 1, [(False, 1)]),
        ([Conv2D(4, 3), Conv2D(4, 3, groups=2), *HEAD], 2, []),
        ([Conv2D(4, 3, bias=False), ReLU(), *HEAD], 2, []),
        ([Conv2D(4, 3, padding=((0, 1), (1, 0))), ReLU(), *HEAD], 2, []),
        ([Conv2D(4, 3), MaxPool2D(2, padding=1), *HEAD], 2, []),
        ([Conv2D(4, 3), LeakyReLU(), AveragePool2D(2), *HEAD], 3, []),
        ([Conv2D(4, 3), GlobalAveragePool(), Dense(3)], 2, []),
    ],
)
def test_layers_are_joined_where_that_changes_nothing(layers, before, blocks):
    made = make_plan(Network(layers, (1, 12, 12)))
    assert len(made.before) == before
    assert [(block.rectified, block.pool) for block in made.convolutions] == blocks
    assert len(made.dense) == 1


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
    at = next(i for i, layer in enumerate(layers) if type(layer) is Shifted)
    assert len(make_plan(network).before) > at
    rng = np.random.default_rng(0)
    parameters = random_parameters(network, rng, np.float32)
    x, labels = random_batch(network, 5, rng, np.float32)
    ours = CpuEngine(network).gradients(parameters, x, labels)
    theirs = ReferenceEngine(network).gradients(parameters, x, labels)
    np.testing.assert_allclose(ours.logits, theirs.logits, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours.vector, theirs.vector, rtol=1e-3, atol=1e-5)


def test_a_network_without_logits_in_a_row_is_left_to_its_layers():
    assert make_plan(Network([Conv2D(4, 3)], (1, 12, 12))).dense == ()
    assert make_plan(Network([Flatten(), Dense(3), ReLU()], (1, 2, 2))).dense == ()


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
