"""One engine against another: equal ones agree, and a wrong one is named."""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.engines import Gradients, ReferenceEngine
from inkgrad.insight.engine_comparison import compare_engines
from inkgrad.insight.gradcheck import forward_with_decisions
from inkgrad.network import Parameters, seed_network


class ReorderedEngine(ReferenceEngine):
    """Computes in float64 and rounds: what another order of summation may give."""

    name = "reordered"

    def gradients(self, parameters, x, labels, *, label_smoothing=0.0):
        loss, logits, vector = super().gradients(
            parameters.astype(np.float64),
            x.astype(np.float64),
            labels,
            label_smoothing=label_smoothing,
        )
        return Gradients(loss, logits.astype(np.float32), vector.astype(np.float32))


class WrongEngine(ReferenceEngine):
    """Forgets one filter's bias."""

    name = "wrong"

    def gradients(self, parameters, x, labels, *, label_smoothing=0.0):
        result = super().gradients(parameters, x, labels, label_smoothing=label_smoothing)
        Parameters(self.network, result.vector)["conv1.bias"][3] = 0
        return result


def test_an_engine_agrees_with_itself_exactly():
    rows = compare_engines(seed_network(), "reference")
    assert {row.relative_error for row in rows} == {0.0}
    assert {row.method for row in rows} == {"engine"}
    assert len(rows) == 2 + 8


@pytest.mark.parametrize("seed", range(10))
def test_rounding_is_within_the_tolerance_and_not_nothing(seed):
    network = seed_network()
    rows = compare_engines(network, ReorderedEngine(network), seed=seed)
    assert all(row.passed for row in rows)
    assert max(row.relative_error for row in rows) > 0.0


def test_a_wrong_engine_is_named_by_parameter():
    network = seed_network()
    failed = [row for row in compare_engines(network, WrongEngine(network)) if not row.passed]
    assert [(row.layer, row.quantity) for row in failed] == [("conv1", "dbias")]


def test_the_batch_is_drawn_again_while_a_decision_hangs_on_rounding(monkeypatch):
    calls = []

    def undecided(network, parameters, x):
        outputs, decisions = forward_with_decisions(network, parameters, x)
        calls.append(x)
        if len(calls) in (2, 5):  # a nudged pass of the first draw, and one of the second
            decisions = [~decisions[0], *decisions[1:]]
        return outputs, decisions

    monkeypatch.setattr("inkgrad.insight.engine_comparison.forward_with_decisions", undecided)
    compare_engines(seed_network(), "reference", batch=1)
    assert len(calls) == 2 + 3 + 3


def test_if_no_batch_is_steady_the_last_is_taken(monkeypatch):
    calls = []

    def never_twice_alike(network, parameters, x):
        calls.append(x)
        return x, [np.array(len(calls))]

    monkeypatch.setattr(
        "inkgrad.insight.engine_comparison.forward_with_decisions", never_twice_alike
    )
    assert all(row.passed for row in compare_engines(seed_network(), "reference", batch=1))
    assert len(calls) == 2 * 100
