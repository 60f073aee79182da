"""The harness itself: what is sent arrives, and what goes wrong is told."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.web.javascript import JavaScriptError, launch_chromium, make_site, node

SAMPLES = "tests/samples.js"


def test_values_go_there_and_back(javascript):
    values = [None, True, "ink ✓", [], [[1], {"a": [2.5]}], {}]
    assert javascript.call(SAMPLES, "echo", *values) == values
    assert javascript.call_many(SAMPLES, "echo", [(n,) for n in range(3)]) == [[0], [1], [2]]


def test_numbers_keep_every_bit(javascript):
    rng = np.random.default_rng(1)
    numbers = rng.integers(0, 2**64, 1000, dtype=np.uint64).view(np.float64)
    numbers = [*numbers[np.isfinite(numbers)].tolist(), 0.1, 5e-324, math.inf, -math.inf, -0.0]
    back = javascript.call(SAMPLES, "echo", *numbers, np.float64(0.1), np.int64(7))
    assert [float(n).hex() for n in back] == [float(n).hex() for n in [*numbers, 0.1, 7]]
    assert math.isnan(javascript.call(SAMPLES, "echo", math.nan)[0])


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        (np.float64, "Float64Array"),
        (np.float32, "Float32Array"),
        (np.uint8, "Uint8Array"),
        (np.uint16, "Uint16Array"),
        (np.uint32, "Uint32Array"),
        (np.int8, "Int8Array"),
        (np.int16, "Int16Array"),
        (np.int32, "Int32Array"),
    ],
)
def test_arrays_become_typed_arrays(node, dtype, kind):
    array = np.array([0, 1, 127, 3], dtype)
    assert node.call(SAMPLES, "kind", array) == f"[object {kind}]"
    (back,) = node.call(SAMPLES, "echo", array)
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, array)
    rows = node.call(SAMPLES, "echo", np.stack([array, array]))[0]
    assert [row.tolist() for row in rows] == [array.tolist()] * 2


def test_arrays_of_other_types_are_not_sent(node):
    with pytest.raises(TypeError, match="no typed array of int64; send a list"):
        node.call(SAMPLES, "echo", np.zeros(3, np.int64))


def test_what_is_thrown_comes_back(javascript):
    results = javascript.call_many(SAMPLES, "fail", [("ink",), ("paper",)])
    assert [(type(r), r.name, r.message) for r in results] == [
        (JavaScriptError, "RangeError", "ink"),
        (JavaScriptError, "RangeError", "paper"),
    ]
    with pytest.raises(JavaScriptError, match=r"^RangeError: ink$"):
        javascript.call(SAMPLES, "fail", "ink")


def test_promises_are_awaited(javascript):
    assert javascript.call(SAMPLES, "later", 5) == 5


def test_a_wrong_name_is_told(javascript):
    with pytest.raises(Exception, match=r"tests/samples\.js exports no function ecko"):
        javascript.call(SAMPLES, "ecko")
    with pytest.raises(Exception, match=r"attic\.js"):
        javascript.call("static/attic.js", "echo")


def test_nothing_is_skipped_in_continuous_integration(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="node is not installed"), node(tmp_path):
        pass
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="node is not installed"), node(tmp_path):
        pass
    with (
        pytest.raises(pytest.fail.Exception, match="chromium is not installed"),
        launch_chromium(),
    ):
        pass


def test_an_old_node_counts_as_none(monkeypatch, tmp_path):
    (tmp_path / "node").write_text("#!/bin/sh\necho v16.20.2\n")
    (tmp_path / "node").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", "true")
    old = r"node is v16\.20\.2; it must be 18 or newer"
    with pytest.raises(pytest.fail.Exception, match=old), node(make_site(tmp_path / "site")):
        pass


def test_node_that_was_killed_is_started_again(site):
    with node(site) as runtime:
        with pytest.raises(RuntimeError, match="node ended with 3"):
            runtime.call(SAMPLES, "end", 3)
        assert runtime.call(SAMPLES, "later", 5) == 5
