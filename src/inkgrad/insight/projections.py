r"""The numerical part of a gradient check: testing what claims to be a Jacobian's transpose.

A function f is given as `run`, which returns f(q) and the decisions taken on the way, and what
claims to be its backward pass as `adjoint`, which returns Jᵀr for a weighting r of the outputs.
Everything is float64.

*By differences* (`difference_error`). For a random direction u and a random weighting r,

$$ \frac{\langle r,\; f(q + hu) - f(q - hu)\rangle}{2h} \;\approx\;
   \langle r,\; J u\rangle \;=\; \langle J^{\mathsf T} r,\; u\rangle. $$

One such number depends on every entry of the Jacobian J, so a mistake in any of them shows. Four
are taken and compared as vectors, ‖claimed − numerical‖ / ‖numerical‖: one projection may be near
zero by chance, which would magnify its rounding error, but four hardly ever are. Where all are
small nevertheless (a gradient of one number may cancel to almost nothing), the distance is taken
relative to the smallest slope that rounding lets us know to eight digits.

*By adjointness* (`adjoint_error`). If f is affine along the ray from 0 through q, then
f(q) − f(0) = J q, so ⟨f(q) − f(0), r⟩ = ⟨q, Jᵀr⟩ up to rounding: no step size is involved.
Convolution and dense layers are so in the input, the weights and the bias, and so are ReLU and
pooling, which stretch with their input (Euler's theorem on homogeneous functions).

**The step.** A central difference errs by about h²|φ'''|/6 because Taylor's series is cut off, and
by about ε|φ|/h because of rounding, ε = 2.2e-16. The sum is least near h = ε^(1/3) ≈ 6e-6, for q
of size 1, and is then of order ε^(2/3) ≈ 4e-11: more than three digits below the tolerance.

**Kinks.** ReLU has no derivative where an input is 0, and max-pooling none where two cells of a
window are equal; a step across such a place mixes two different slopes. Two precautions:

- The input of a single layer is a `ladder`: evenly spaced numbers, shuffled, none at 0. No two
  are nearer than one rung, none is nearer to 0 than a quarter of one, and `ladder_step` moves
  each by less than that: no step can cross a kink.
- In a whole network the inner numbers cannot be chosen, so their decisions are watched. A layer
  with kinks keeps in `saved` what it decided (ReLU: which inputs were positive; a pool: which cell
  won) as arrays of booleans or whole numbers. Where any decision differs between q − hu, q and
  q + hu, the step is halved and the difference taken again.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from inkgrad.layers import Array, Saved, Shape

__all__ = [
    "STEP",
    "Adjoint",
    "Decisions",
    "Run",
    "adjoint_error",
    "decisions_of",
    "difference_error",
    "is_affine_along_ray",
    "ladder",
    "ladder_step",
    "relative_error",
    "same_decisions",
]

_EPSILON = float(np.finfo(np.float64).eps)

STEP: float = _EPSILON ** (1 / 3)
"""h for a smooth function of an argument of size 1, 6.06e-6: see the module's docstring."""

_PROJECTIONS = 4
_RESOLVED = 1e8  # how many times its rounding a slope must be, to be known to 1e-8
_MOST_HALVINGS = 30

Decisions = list[Array]
Run = Callable[[Array], tuple[Array, Decisions]]
Adjoint = Callable[[Array], Array]


def difference_error(
    run: Run, adjoint: Adjoint, at: Array, rng: np.random.Generator, step: float = STEP
) -> float:
    """Return how far `adjoint` is from the central differences of `run`, relatively.

    Every entry of a direction is drawn evenly between −√3 and √3 (variance 1), times the root mean
    square of `at`, so that `step` is relative to the argument's size.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> q = np.array([1.0, 2.0, 3.0])
    >>> difference_error(lambda q: (q**2, []), lambda r: 2 * q * r, q, rng) < 1e-9
    True
    >>> difference_error(lambda q: (q**2, []), lambda r: q * r, q, rng)      # the 2 is forgotten
    0.5...
    """
    size = math.sqrt(float(np.mean(at**2))) or 1.0
    rounding = _EPSILON * float(np.abs(run(at)[0]).max(initial=0.0)) / step  # of a slope
    numerical, claimed = [], []
    for _ in range(_PROJECTIONS):
        u = size * rng.uniform(-math.sqrt(3), math.sqrt(3), at.shape)
        slope = _slope(run, at, u, step)
        r = rng.normal(size=slope.shape)
        numerical.append(np.vdot(r, slope))
        claimed.append(np.vdot(adjoint(r), u))
    return relative_error(np.array(claimed), np.array(numerical), least=rounding * _RESOLVED)


def _slope(run: Run, at: Array, u: Array, step: float) -> Array:
    """Return (f(q + hu) − f(q − hu)) / 2h, halving h until no decision depends on it."""
    _, decisions = run(at)
    for _ in range(_MOST_HALVINGS):
        above, decisions_above = run(at + step * u)
        below, decisions_below = run(at - step * u)
        if same_decisions(decisions, decisions_above) and same_decisions(
            decisions, decisions_below
        ):
            break
        step /= 2
    return np.asarray((above - below) / (2 * step))


def adjoint_error(run: Run, adjoint: Adjoint, at: Array, rng: np.random.Generator) -> float:
    """Return how far ⟨f(q) − f(0), r⟩ and ⟨q, Jᵀr⟩ are apart, relatively, for random r.

    Only meaningful where `is_affine_along_ray`.

    Examples
    --------
    >>> A, q = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([5.0, 6.0])
    >>> adjoint_error(lambda q: (A @ q, []), lambda r: A.T @ r, q, np.random.default_rng(0)) < 1e-14
    True
    """
    image = run(at)[0] - run(np.zeros_like(at))[0]
    weightings = [rng.normal(size=image.shape) for _ in range(_PROJECTIONS)]
    left = np.array([np.vdot(image, r) for r in weightings])
    right = np.array([np.vdot(at, adjoint(r)) for r in weightings])
    return relative_error(right, left)


def is_affine_along_ray(run: Run, at: Array) -> bool:
    """Whether f(2q) − f(0) is twice f(q) − f(0), up to rounding.

    Examples
    --------
    >>> q = np.array([1.0, -2.0])
    >>> [is_affine_along_ray(f, q) for f in (lambda q: (3 * q + 1, []), lambda q: (q**2, []))]
    [True, False]
    """
    y0, y1, y2 = (run(scale * at)[0] for scale in (0.0, 1.0, 2.0))
    size = max(float(np.abs(y).max(initial=0.0)) for y in (y0, y1, y2))
    return bool(np.abs(y2 - 2 * y1 + y0).max(initial=0.0) <= 1e-13 * size)


def decisions_of(saved: Saved) -> Decisions:
    """Return the arrays of booleans and whole numbers among what a layer saved.

    Those of layers in branches too, which are saved as rows of them.

    Examples
    --------
    >>> decisions_of((np.array([1.5]), (2, 3), [("relu1", (np.array([True]),))]))
    [array([ True])]
    """
    found: Decisions = []
    for value in saved:
        if isinstance(value, np.ndarray) and value.dtype.kind in "biu":
            found.append(value)
        elif isinstance(value, (list, tuple)):
            found += decisions_of(tuple(value))
    return found


def same_decisions(a: Decisions, b: Decisions) -> bool:
    """Whether the same was decided everywhere."""
    return len(a) == len(b) and all(map(np.array_equal, a, b))


def ladder(shape: Shape, rng: np.random.Generator) -> Array:
    """Return N evenly spaced numbers from about −√3 to √3, shuffled: mean ≈ 0, variance ≈ 1.

    Rungs are 2√3/N apart. The two next to 0 are half a rung from it, or, for odd N, a quarter and
    three quarters.

    Examples
    --------
    >>> np.sort(ladder((4,), np.random.default_rng(0))).round(2)
    array([-1.3 , -0.43,  0.43,  1.3 ])
    """
    count = math.prod(shape)
    rungs = (2 * np.arange(count) + 1) / count - 1  # in (−1, 1), 2/N apart
    if count % 2:
        rungs += 0.5 / count  # an odd ladder has a rung at 0: raise all by a quarter
    return np.asarray(rng.permutation(math.sqrt(3) * rungs).reshape(shape))


def ladder_step(size: int) -> float:
    """Return a step that crosses no kink of a ladder of `size` numbers.

    It is at most an eighth of a rung; a direction's entries are at most √3, and √3/8 < 1/4.

    Examples
    --------
    >>> ladder_step(1000) == STEP, ladder_step(1_000_000)
    (True, 4.33...e-07)
    """
    return min(STEP, math.sqrt(3) / (4 * size))


def relative_error(ours: Array, truth: Array, *, least: float = 0.0) -> float:
    """Return ‖ours − truth‖ / ‖truth‖; 0 if both are exactly 0, infinite if only the truth is.

    With `least`, the distance is divided by at least that.

    Examples
    --------
    >>> relative_error(np.array([3.0, 4.0]), np.array([3.0, 5.0]))
    0.1714...
    """
    truth = np.asarray(truth, np.float64)
    distance = float(np.linalg.norm(np.asarray(ours, np.float64) - truth))
    size = max(float(np.linalg.norm(truth)), least)
    if size == 0.0:
        return 0.0 if distance == 0.0 else math.inf
    return float(distance / size)
