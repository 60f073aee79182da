"""predictor.js = engine.js, by kernels and without them; and what happens without WebAssembly.

The layers sum in doubles, the kernels in float32, so the answers may differ in the last bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inkgrad.layers import (
    AveragePool2D,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    LeakyReLU,
    MaxPool2D,
    Parallel,
    ReLU,
)
from inkgrad.network import Network, seed_network, sketch_network
from tests.networks import (
    any_network,
    random_batch,
    random_block_network,
    random_network,
    random_parameters,
)
from tests.thorough import THOROUGH

MODULE = "tests/predictor.js"
BAR = 1e-5  # of the answers, relative to the largest of them

# A network for every way from the plain layers to the kernels and back; of inputs (3, 8, 9).
WAYS: dict[str, list[Layer]] = {
    "one convolution": [Conv2D(5, 3)],
    "dilation, by rows only": [Conv2D(8, 3, dilation=(2, 1)), ReLU()],
    "dilation": [Conv2D(9, (2, 3), stride=(2, 1), padding=(1, 2), dilation=(1, 3))],
    "padding that differs by side": [Conv2D(17, 2, padding=((0, 2), (1, 0)), bias=False), ReLU()],
    "a patch as large as the picture": [Conv2D(4, (8, 9)), ReLU(), Flatten(), Dense(3)],
    "one place more than a tile": [Conv2D(8, (4, 9)), ReLU(), Flatten(), Dense(3)],
    "a pool first": [MaxPool2D(3, 2, 1), Conv2D(4, 2), Flatten(), Dense(3)],
    "a pool last": [Conv2D(6, 3, padding=1), MaxPool2D(3, 2, 1)],
    "only a pool": [MaxPool2D(2)],
    "pools in a row": [Conv2D(6, 1), MaxPool2D(2, 1), MaxPool2D((1, 3), padding=(0, 1)), ReLU()],
    "ReLU alone": [ReLU(), Flatten(), Dense(4), ReLU(), ReLU()],
    "flat, and not dense": [Conv2D(6, 3), Flatten(), ReLU()],
    "groups between": [Conv2D(6, 3), ReLU(), Conv2D(6, 3, groups=2), ReLU(), Conv2D(4, 2)],
    "branches between": [
        Conv2D(6, 3, padding=1),
        Parallel([[Conv2D(6, 3, padding=1), ReLU()], []]),
        MaxPool2D(2),
        Flatten(),
        Dense(4),
    ],
    "branches first, and last": [
        Parallel([[ReLU()], []], "concatenate"),
        Conv2D(5, 3),
        ReLU(),
        Parallel([[ReLU()], [Conv2D(5, 1)]]),
    ],
    "nothing that a kernel knows": [AveragePool2D(2), LeakyReLU(), Dropout()],
    "dense in a row": [Flatten(), Dense(17), Dense(8), ReLU(), Dense(1)],
}


def sent(network: Network, rng: np.random.Generator, count: int = 2) -> tuple[Any, ...]:
    """Return the arguments of `answers` for some random drawings."""
    parameters = random_parameters(network, rng, np.float32)
    x, _ = random_batch(network, count, rng, np.float32)
    numbers = {name: values.ravel() for name, values in parameters.numbers.items()}
    return network.to_config(), numbers, [row.ravel() for row in x]


def check(javascript, networks: list[Network]) -> None:
    calls = [sent(network, np.random.default_rng(seed)) for seed, network in enumerate(networks)]
    for network, found in zip(
        networks, javascript.call_many(MODULE, "answers", calls), strict=True
    ):
        assert found["isFast"] == [True, False]
        assert found["isCareful"] is True
        for way in ("fast", "plain"):
            for ours, theirs in zip(found[way], found["expected"], strict=True):
                assert ours.dtype == np.float32
                bar = BAR * np.abs(theirs).max()
                np.testing.assert_allclose(ours, theirs, rtol=0, atol=bar, err_msg=str(network))
        if isinstance(network.layers[-1], Dense) and len(network.layers) > 1:
            for ours, theirs in zip(*found["features"], strict=True):
                bar = BAR * np.abs(theirs).max()
                np.testing.assert_allclose(ours, theirs, rtol=0, atol=bar, err_msg=str(network))


@pytest.mark.parametrize("way", WAYS)
def test_every_way(javascript, way):
    check(javascript, [Network(WAYS[way], (3, 8, 9))] * 3)


def test_rows_of_numbers(javascript):
    check(javascript, [Network([Dense(9), ReLU(), Dense(3)], (n,)) for n in (1, 2, 3, 4, 5, 8, 17)])


def test_random_networks(javascript):
    found = [any_network(np.random.default_rng(seed)) for seed in range(60)]
    found += [random_network(np.random.default_rng(seed)) for seed in range(40)]
    found += [random_block_network(np.random.default_rng(seed)) for seed in range(12)]
    check(javascript, [*found, seed_network(), sketch_network(20)])


@pytest.mark.slow
def test_many_random_networks(javascript):
    for draw in (any_network, random_network, random_block_network):
        seeds = range(3000, 3000 + 150 * THOROUGH)
        check(javascript, [draw(np.random.default_rng(seed)) for seed in seeds])


def test_networks_take_turns_in_one_memory(javascript):
    """Each is written again when it is its turn: nothing of the others is left."""
    networks = [seed_network(), *(Network(layers, (3, 8, 9)) for layers in WAYS.values())]
    calls = [sent(network, np.random.default_rng(seed), 1) for seed, network in enumerate(networks)]
    cases = [(config, numbers, x) for config, numbers, (x,) in calls]
    assert javascript.call(MODULE, "inTurn", cases) == [True] * len(networks)


def test_numbers_beyond_float32_stay_what_they_are(javascript):
    """Infinities and NaN come out where they do in plain JavaScript; a ReLU stops neither."""
    network = Network([Conv2D(1, 1), ReLU(), MaxPool2D(1), Flatten()], (1, 1, 4))
    x = np.array([3e38, -3e38, np.nan, 1], np.float32)
    numbers = {"conv1.weight": np.array([9], np.float32), "conv1.bias": np.zeros(1, np.float32)}
    found = javascript.call(MODULE, "answers", network.to_config(), numbers, [x])
    for way in ("expected", "fast", "plain"):
        np.testing.assert_array_equal(found[way][0], [np.inf, 0, np.nan, 9])


def test_without_webassembly_there_are_no_kernels(javascript):
    assert javascript.call(MODULE, "withoutKernels") == {
        "none": False,
        "old": False,
        "forbidden": False,
        "not validated": False,
        "whole": True,
    }


def test_without_room_plain_javascript_answers(javascript):
    config, numbers, (x,) = sent(seed_network(), np.random.default_rng(1), 1)
    found = javascript.call(MODULE, "withoutRoom", config, numbers, x)
    assert (found["before"], found["after"]) == (True, False)
    np.testing.assert_array_equal(found["answer"], found["expected"])


def test_a_network_that_is_too_large_is_left_to_plain_javascript(javascript):
    """Its weights would take more than 256 MiB; they are not even packed."""
    layers = [Conv2D(8, 3, padding=3000), MaxPool2D(2000, 2000), Flatten(), Dense(2)]
    network = Network(layers, (1, 2, 2))
    parameters = random_parameters(network, np.random.default_rng(1), np.float32)
    numbers = {name: values.ravel() for name, values in parameters.numbers.items()}
    assert javascript.call(MODULE, "isFast", network.to_config(), numbers) is False
