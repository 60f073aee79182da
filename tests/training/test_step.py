"""One step: gradient and update, of a batch or of its shards."""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.engines import Contribution, ReferenceEngine
from inkgrad.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, ReLU
from inkgrad.layers.norm import shards
from inkgrad.network import Network
from inkgrad.optimizers import Averaging
from inkgrad.training import SGD, Adam, AdamW, take_step

from .problems import TRAIN, tiny_network

NETWORK = tiny_network()


def walk(engine, optimizer, dtype=np.float64, **settings):
    """Return what five steps lead to: parameters, state, and what each step told."""
    parameters = NETWORK.initialise(0, dtype)
    state = optimizer.start(parameters.vector)
    told = [
        take_step(
            engine,
            parameters,
            TRAIN.x[start : start + 14].astype(dtype),
            TRAIN.labels[start : start + 14],
            optimizer,
            state,
            0.01,
            **settings,
        )
        for start in range(0, 70, 14)
    ]
    return parameters, state, told


@pytest.mark.parametrize("shard", [1, 4, 5])
def test_shards_contributions_add_up_to_the_batchs(shard):
    """Whoever computes them: with batch norm and dropout, too."""
    layers = [Conv2D(3, 3), BatchNorm(shard=shard), ReLU(), Flatten(), Dropout(0.3), Dense(3)]
    network = Network(layers, (1, 8, 8))
    trainer = ReferenceEngine(network).trainer(network.initialise(0, np.float64), SGD(), seed=3)
    x, labels = TRAIN.x[:14].astype(np.float64), TRAIN.labels[:14]
    whole = trainer.gradient(x, labels)
    parts = [
        trainer.gradient(x[part], labels[part], first=part.start) for part in shards(14, shard)
    ]
    both = Contribution.total(parts)
    assert len(parts) == {1: 14, 4: 3, 5: 2}[shard]
    assert both.drawings == whole.drawings == 14
    assert both.loss == pytest.approx(whole.loss, rel=1e-12)
    for name in ("logits", "gradient", "statistics"):
        np.testing.assert_allclose(getattr(both, name), getattr(whole, name), rtol=1e-9, atol=1e-13)
    wrong = [trainer.gradient(x[part], labels[part]) for part in shards(14, shard)]
    assert not np.allclose(Contribution.total(wrong).gradient, whole.gradient)  # of another chance


def test_a_step_is_gradient_and_update():
    network = Network([Flatten(), BatchNorm(), Dropout(0.2), Dense(3)], (1, 8, 8))
    first, x, labels = network.initialise(0), TRAIN.x[:20], TRAIN.labels[:20]
    averaging = Averaging(Adam(), 0.9)
    ended = []
    for at_once in (True, False):
        trainer = ReferenceEngine(network).trainer(first.copy(), averaging, seed=1)
        for _ in range(3):
            if at_once:
                trainer.step(x, labels, 0.01)
            else:
                trainer.update(trainer.gradient(x, labels), 0.01)
        now = trainer.read_back()
        arrays = [now.vector, now.statistics.vector, *trainer.state.arrays.values()]
        ended.append([array.tobytes() for array in arrays])
        assert trainer.state.steps == 3
        assert not np.array_equal(now.statistics.vector, first.statistics.vector)
        assert not np.array_equal(trainer.state.arrays["average.statistics"], now.statistics.vector)
    assert ended[0] == ended[1]


def test_without_a_setting_smoothing_is_0_and_the_seed_is_0():
    network = Network([Flatten(), Dropout(0.5), Dense(3)], (1, 8, 8))
    engine, first = ReferenceEngine(network), network.initialise(0)
    plain = engine.trainer(first, SGD()).gradient(TRAIN.x, TRAIN.labels)
    said = engine.trainer(first, SGD(), label_smoothing=0.0, seed=0)
    assert said.gradient(TRAIN.x, TRAIN.labels).gradient.tobytes() == plain.gradient.tobytes()


def test_an_average_of_the_statistics_is_kept():
    network = Network([Flatten(), BatchNorm(), Dense(3)], (1, 8, 8))
    trainer = ReferenceEngine(network).trainer(network.initialise(0), Averaging(SGD(), 0.9))
    seen = [trainer.state.arrays["average.statistics"].copy()]
    for t in (1, 2, 3):
        trainer.step(TRAIN.x, TRAIN.labels, 0.1)
        share = 1 - min(0.9, (1 + t) / (10 + t))
        seen.append(seen[-1] + share * (trainer.read_back().statistics.vector - seen[-1]))
    np.testing.assert_allclose(trainer.state.arrays["average.statistics"], seen[-1], rtol=1e-5)


def test_an_update_leaves_the_contribution_as_it_is():
    trainer = ReferenceEngine(NETWORK).trainer(NETWORK.initialise(0), SGD(), clip_norm=1e-3)
    found = trainer.gradient(TRAIN.x, TRAIN.labels)
    before = found.gradient.copy()
    trainer.update(found, 0.1)
    np.testing.assert_array_equal(found.gradient, before)


def test_chance_is_of_seed_and_step():
    network = Network([Flatten(), Dropout(0.5), Dense(3)], (1, 8, 8))
    logits = {}
    for seed in (0, 1):
        trainer = ReferenceEngine(network).trainer(network.initialise(0), SGD(), seed=seed)
        for step in range(3):
            found = trainer.gradient(TRAIN.x, TRAIN.labels)
            again = trainer.gradient(TRAIN.x, TRAIN.labels)
            np.testing.assert_array_equal(found.logits, again.logits)
            logits[seed, step] = found.logits.tobytes()
            trainer.update(found, 0.0)  # which moves nothing, and counts
    assert len(set(logits.values())) == 6


def test_the_length_is_the_one_before_clipping():
    unclipped = walk(ReferenceEngine(NETWORK), SGD())[2][0]
    clipped = walk(ReferenceEngine(NETWORK), SGD(), clip_norm=1e-3)[2][0]
    assert clipped.norm == unclipped.norm > 1e-3


def test_decay_spares_what_it_is_told_to_spare():
    spared = np.zeros(NETWORK.size, np.bool_)
    with_mask = walk(ReferenceEngine(NETWORK), AdamW(weight_decay=0.5), decays=spared)[0]
    without = walk(ReferenceEngine(NETWORK), AdamW(weight_decay=0.0))[0]
    assert with_mask.vector.tobytes() == without.vector.tobytes()


def test_a_batch_that_is_refused_is_not_counted():
    adam, parameters = Adam(), NETWORK.initialise(0)
    state = adam.start(parameters.vector)
    with pytest.raises(ValueError, match="the input has shape"):
        take_step(
            ReferenceEngine(NETWORK), parameters, TRAIN.x[:, :, :3], TRAIN.labels, adam, state, 0.1
        )
    assert state.steps == 0
