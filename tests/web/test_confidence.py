"""confidence.js = confidence.py: the same familiarity, the same rejections, the same refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inkgrad.confidence import SCORES, Confidence
from inkgrad.errors import ModelError
from inkgrad.model import Model
from inkgrad.network import Network, seed_network
from tests.networks import random_parameters
from tests.test_confidence import GOOD, HOSTILE
from tests.web.drawings import random_drawings
from tests.web.javascript import JavaScriptError

MODULE = "tests/confidence.js"
# What JSON can say: files hold no infinities, and no whole numbers of a hundred digits.
SAYABLE = [
    (name, value)
    for name, values in HOSTILE.items()
    for value in values
    if not (isinstance(value, float) and not np.isfinite(value)) and value != 10**400
]


@pytest.mark.parametrize("score", SCORES)
def test_familiarity_is_python_s(javascript, score):
    rng = np.random.default_rng(0)
    calls, expected = [], []
    for k in (1, 2, 5, 345):
        rows = rng.normal(0, 10, (20, k)).astype(np.float32)
        rows[0] = 0
        rows[1] *= 1e30
        values = {**GOOD, "score": score, "centre": float(rng.normal()), "threshold": 0.5}
        calls.append((values, list(rows)))
        confidence = Confidence.from_dict(values)
        expected.append((confidence.familiarity(rows), confidence.is_rejected(rows)))
    for (values, _), (familiarity, rejected), found in zip(
        calls, expected, javascript.call_many(MODULE, "judged", calls), strict=True
    ):
        assert found["values"] == values
        np.testing.assert_allclose(found["familiarity"], familiarity, atol=1e-9)
        assert found["rejected"] == rejected.tolist()


def test_models_judge_drawings_alike(javascript, tmp_path):
    """Within 1e-6, as their logits are within float32 rounding of each other."""
    drawings = random_drawings(12, seed=1)
    rng = np.random.default_rng(1)
    for number, score in enumerate([*SCORES, None]):
        network: Network = seed_network(3 + number)
        parameters = random_parameters(network, rng, np.float32)
        model = Model(network, parameters, tuple("abcdefgh")[: 3 + number], engine="reference")
        if score is not None:
            centre = float(np.median(SCORES[score](model.logits(drawings))))
            model = replace(model, confidence=Confidence(score, centre, 1.0, 0.5, True))
        model.save(tmp_path / "m.safetensors")
        data = np.frombuffer((tmp_path / "m.safetensors").read_bytes(), np.uint8)
        found = np.array(javascript.call(MODULE, "seen", data, drawings), float)
        expected = model.recognise(drawings)
        for way in (0, 1):
            np.testing.assert_allclose(found[:, way, 0], expected.familiarity, atol=1e-6)
            clear = np.abs(expected.familiarity - 0.5) > 1e-6
            np.testing.assert_array_equal(found[clear, way, 1], expected.rejected[clear])
        assert expected.rejected.any() == (score is not None)


def test_a_model_that_was_not_trained_to_reject_does_not(javascript, tmp_path):
    network = seed_network(3)
    unsure = Confidence("energy", 100.0, 1.0, 0.5, rejects=False)
    model = Model(network, network.initialise(0), tuple("abc"), confidence=unsure)
    model.save(tmp_path / "m.safetensors")
    data = np.frombuffer((tmp_path / "m.safetensors").read_bytes(), np.uint8)
    found = javascript.call(MODULE, "seen", data, random_drawings(2, seed=1))
    assert [judged for each in found for _, judged in each] == [False] * 4


def test_both_refuse_nonsense_by_the_same_sentence(javascript):
    for name, value in SAYABLE:
        values = {**GOOD, name: value}
        with pytest.raises(ModelError) as ours:
            Confidence.from_dict(values)
        with pytest.raises(JavaScriptError) as theirs:
            javascript.call(MODULE, "judged", values, [])
        given = (
            str(theirs.value).replace(":1}", ": 1}").replace("scale is 0;", f"scale is {value};")
        )
        assert given == f"ModelError: {ours.value}", (name, value)
    for values in ({}, [], 3, "logit", None, {**GOOD, "more": 1}):
        with pytest.raises(JavaScriptError, match="ModelError: confidence: its entries must be"):
            javascript.call(MODULE, "judged", values, [])
