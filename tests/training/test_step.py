"""One step: an engine that learns in one go comes to what gradient and optimiser come to."""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.engines import LearningEngine, ReferenceEngine
from inkgrad.training import SGD, Adam, AdamW, decay_mask, take_step

from .problems import TRAIN, Learner, tiny_network

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


def test_a_learning_engine_is_known_by_its_method():
    assert isinstance(Learner(NETWORK), LearningEngine)
    assert not isinstance(ReferenceEngine(NETWORK), LearningEngine)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("adam", [Adam(), Adam(0.5, 0.9, 1e-3), AdamW(weight_decay=0)], ids=str)
def test_both_ways_lead_to_the_same_numbers(adam, smoothing):
    learner = Learner(NETWORK)
    ours = walk(learner, adam, label_smoothing=smoothing)
    theirs = walk(ReferenceEngine(NETWORK), adam, label_smoothing=smoothing)
    assert learner.learnt == 5
    np.testing.assert_allclose(ours[0].vector, theirs[0].vector, rtol=1e-10, atol=1e-12)
    assert ours[1].steps == theirs[1].steps == 5
    for name in ("m", "v"):
        np.testing.assert_allclose(
            ours[1].arrays[name], theirs[1].arrays[name], rtol=1e-10, atol=1e-14
        )
    for our, their in zip(ours[2], theirs[2], strict=True):
        assert (our.loss, our.norm) == pytest.approx((their.loss, their.norm), rel=1e-10)
        np.testing.assert_allclose(our.logits, their.logits, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("optimizer", "settings"),
    [
        (SGD(), {}),
        (AdamW(), {"decays": decay_mask(NETWORK)}),
        (Adam(weight_decay=0.1), {}),
        (Adam(), {"clip_norm": 0.1}),
    ],
    ids=str,
)
def test_what_is_no_rule_is_left_to_the_optimizer(optimizer, settings):
    learner = Learner(NETWORK)
    ours = walk(learner, optimizer, np.float32, **settings)
    theirs = walk(ReferenceEngine(NETWORK), optimizer, np.float32, **settings)
    assert learner.learnt == 0
    assert ours[0].vector.tobytes() == theirs[0].vector.tobytes()
    assert ours[1].steps == 5


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
        take_step(Learner(NETWORK), parameters, TRAIN.x[:, :, :3], TRAIN.labels, adam, state, 0.1)
    assert state.steps == 0
