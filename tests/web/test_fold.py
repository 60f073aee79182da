"""fold.js = fold.py: the same layers are left, with the same numbers, and they answer the same."""

from __future__ import annotations

import json

import numpy as np
import pytest

from inkgrad.fold import fold
from inkgrad.layers import (
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    MaxPool2D,
    Parallel,
    ReLU,
)
from inkgrad.network import Network, seed_network
from tests.networks import any_network, random_batch, random_parameters
from tests.thorough import THOROUGH

MODULE = "tests/fold.js"
BAR = 1e-5  # of float32 outputs, beside the largest of them


def conv(filters: int, size: int = 3, **settings) -> Conv2D:
    return Conv2D(filters, size, **settings)


def block(*layers: Layer) -> list[Layer]:
    return [conv(4, padding=1), *layers]


# A network for every rule, and for every reason why a rule does not hold; of inputs (2, 8, 9).
RULES: dict[str, list[Layer]] = {
    "a convolution takes a norm in": [conv(4, bias=False), BatchNorm(), BatchNorm(), ReLU()],
    "a dense layer takes a norm in": [Flatten(), Dense(5), BatchNorm(), Dropout(), Dense(3)],
    "dropout goes": [Dropout(), ReLU()],
    "nothing is left": [Dropout(), Dropout(0.1)],
    "a norm passes averages": [conv(4), AveragePool2D(2), BatchNorm(), ReLU()],
    "a norm passes a maximum": [conv(4), MaxPool2D(2), BatchNorm(), ReLU()],
    "norms are one": [BatchNorm(), BatchNorm(), ReLU()],
    "the convolution behind takes a norm in": [BatchNorm(), conv(6, groups=2)],
    "it does not with padding": [BatchNorm(), conv(6, padding=((0, 1), (0, 0)))],
    "the dense layer behind takes a norm in": [BatchNorm(), Flatten(), Dense(3), ReLU()],
    "past averages": [BatchNorm(), AveragePool2D(2), GlobalAveragePool(), Dense(3), ReLU()],
    "but not the last one": [ReLU(), BatchNorm(), Flatten(), Dense(3)],
    "a norm at the end stays": [ReLU(), BatchNorm()],
    "a branch alone": [Parallel([[conv(4), BatchNorm()]]), ReLU()],
    "an empty branch alone": [Parallel([[]]), ReLU()],
    "convolutions are one": [
        conv(2),
        Parallel([[conv(2, padding=1), BatchNorm()], [conv(2, 1)], [], [Dropout()]]),
        BatchNorm(),
    ],
    "of any size and padding": [
        Parallel([[conv(3, padding=(2, 1))], [conv(3, 1, padding=(1, 0))]])
    ],
    "not of several strides": [Parallel([[conv(3, 1)], [conv(3, 2, padding=((0, 1), (0, 1)))]])],
    "not of groups": [Parallel([[conv(2, padding=1, groups=2)], []])],
    "not of rows of numbers": [Flatten(), Parallel([[Dense(144)], []]), BatchNorm()],
    "branches take a norm in": [
        conv(4),
        Parallel([block(ReLU(), conv(4, 1)), [conv(4, 1, bias=False)]]),
        BatchNorm(),
    ],
    "concatenated ones, each its part": [
        conv(4),
        Parallel([block(), [conv(3, 1), MaxPool2D(1)], [BatchNorm()]], join="concatenate"),
        BatchNorm(),
    ],
    "but not if one cannot": [Parallel([block(ReLU()), [conv(4, padding=1)]]), BatchNorm()],
    "nor an empty one": [Parallel([[conv(2, padding=1), ReLU()], []], "concatenate"), BatchNorm()],
    "branches within branches": [
        Parallel([[Parallel([[conv(2, padding=1), BatchNorm()], []]), Dropout()], [ReLU()]]),
        BatchNorm(),
    ],
}


def check(javascript, networks):
    """Compare with Python's folding; return how many networks became smaller."""
    calls, expected = [], []
    for seed, network in enumerate(networks):
        rng = np.random.default_rng(seed)
        parameters = random_parameters(network, rng, np.float32)
        x, _ = random_batch(network, 1, rng, np.float32)
        numbers = {name: values.ravel() for name, values in parameters.numbers.items()}
        calls.append((network.to_config(), numbers, x.ravel()))
        expected.append(fold(network, parameters))
    results = javascript.call_many(MODULE, "folded", calls)
    for before, (network, parameters), found in zip(networks, expected, results, strict=True):
        assert found["config"] == json.loads(json.dumps(network.to_config()))
        assert set(found["numbers"]) == set(parameters.numbers)
        for name, values in found["numbers"].items():
            theirs = parameters.numbers[name].ravel()
            np.testing.assert_allclose(values, theirs, rtol=1e-6, atol=1e-7, err_msg=name)
        size = max(1, np.abs(found["before"]).max())
        np.testing.assert_allclose(found["after"], found["before"], rtol=0, atol=BAR * size)
        assert found["isSame"] == (network is before)
    return sum(folded != network for network, (folded, _) in zip(networks, expected, strict=True))


@pytest.mark.parametrize("rule", RULES)
def test_every_rule(javascript, rule):
    check(javascript, [Network(RULES[rule], (2, 8, 9))] * 3)


def test_random_networks(javascript):
    networks = [any_network(np.random.default_rng(seed)) for seed in range(60)]
    assert check(javascript, [*networks, seed_network()]) > 30


@pytest.mark.slow
def test_many_random_networks(javascript):
    networks = [
        any_network(np.random.default_rng(seed)) for seed in range(2000, 2000 + 150 * THOROUGH)
    ]
    check(javascript, networks)
