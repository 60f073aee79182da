"""numbers.js counts as Python does."""

from __future__ import annotations

import numpy as np

MODULE = "static/drawing/numbers.js"


def test_halves_are_rounded_to_even(javascript):
    rng = np.random.default_rng(1)
    numbers = [k / 2 for k in range(-40, 40)] + [2.0**50 + 0.5, -(2.0**50) - 0.5]
    numbers += rng.uniform(-1e6, 1e6, 500).tolist()
    numbers += [np.nextafter(k + 0.5, toward) for k in range(9) for toward in (-99, 99)]
    results = javascript.call_many(MODULE, "rint", [(number,) for number in numbers])
    assert results == [round(number) for number in numbers]
    assert not np.signbit(results[39:41]).any()  # -0.5 and 0 give 0, not -0


def test_division_is_exact_up_to_2_to_the_53(javascript):
    """Next to whole quotients too, where a rounded quotient could reach what it falls short of."""
    rng = np.random.default_rng(2)
    most = 2**53 - 1
    pairs = []
    for b in [1, 2, 3, 7, 60, 255, most, 2**52, *(2 ** rng.uniform(0, 53, 500)).astype(int)]:
        b = int(b)
        for k in (1, most // b, int(rng.integers(1, most // b + 1))):
            pairs += [(a, b) for a in (k * b, k * b - 1, k * b + 1) if abs(a) <= most]
    pairs += [(-a, b) for a, b in pairs] + [(a, -b) for a, b in pairs]
    results = javascript.call_many(MODULE, "floorDivide", pairs)
    assert results == [a // b for a, b in pairs]
    assert len(pairs) > 5000
