"""Clipping keeps the direction and bounds the length."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.training import clip_by_norm


@given(st.integers(0, 2**32), st.floats(0.01, 100), st.sampled_from([np.float32, np.float64]))
def test_length_is_bounded_and_direction_kept(seed, max_norm, dtype):
    gradient = np.random.default_rng(seed).normal(size=50).astype(dtype)
    before = gradient.copy()
    norm = clip_by_norm(gradient, max_norm)
    assert norm == pytest.approx(math.sqrt(sum(float(g) ** 2 for g in before)), rel=1e-12)
    factor = min(1.0, max_norm / norm)
    np.testing.assert_allclose(gradient, before * factor, rtol=1e-6)
    assert gradient.dtype == dtype
    if norm <= max_norm:
        np.testing.assert_array_equal(gradient, before)


def test_no_limit_leaves_the_gradient_alone():
    gradient = np.array([3e30, 4e30], np.float32)
    assert clip_by_norm(gradient, None) == pytest.approx(5e30, rel=1e-6)
    assert gradient[0] == np.float32(3e30)


def test_squares_that_overflow_float32_are_clipped_soundly():
    gradient = np.array([3e30, -4e30], np.float32)
    assert clip_by_norm(gradient, 1.0) == pytest.approx(5e30, rel=1e-6)
    np.testing.assert_allclose(gradient, [0.6, -0.8], rtol=1e-6)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_reported_and_left(bad):
    gradient = np.array([1.0, bad], np.float32)
    assert not math.isfinite(clip_by_norm(gradient, 1.0))
    np.testing.assert_array_equal(gradient, np.array([1.0, bad], np.float32))


def test_zero_stays_zero():
    gradient = np.zeros(3)
    assert clip_by_norm(gradient, 1.0) == 0
    assert not gradient.any()


def test_the_length_is_the_same_for_any_number_of_threads():
    """BLAS, which settles on its threads when it is loaded, would add up halves."""
    script = """
import numpy as np
from inkgrad.training import clip_by_norm
gradients = np.random.default_rng(0).normal(size=(8, 400_000)).astype(np.float32)
print(*(clip_by_norm(gradient, None).hex() for gradient in gradients))
"""
    lengths = set()
    for threads in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads},
            capture_output=True,
            timeout=60,
            check=True,
        )
        lengths.add(done.stdout)
    assert len(lengths) == 1
