"""Every rung of a ladder computes what the one before does, and is timed as it says."""

from __future__ import annotations

import doctest
from dataclasses import replace

import numpy as np
import pytest
from bench.ladder import climb, convolution, pool, rung
from bench.ladder.backprop import BackpropCase
from bench.ladder.climb import OPERATIONS, check_rungs
from bench.ladder.convolution import ConvolutionCase
from bench.ladder.dense import DenseCase
from bench.ladder.engine import LADDERS
from bench.ladder.pool import NOBODY, PoolCase
from bench.ladder.rung import Prepared, Rung, check_numbers
from typer.testing import CliRunner

from bench import __main__ as command
from inkgrad.engines.cpu.simd import LANES
from inkgrad.layers import Conv2D, MaxPool2D, ReLU
from inkgrad.network import Network
from tests.thorough import THOROUGH

pytestmark = pytest.mark.long("compiles some twenty kernels")

seeds = pytest.mark.parametrize("seed", range(8 * THOROUGH))


def draw(rng: np.random.Generator, *shape: int, whole: bool) -> np.ndarray:
    """Return small whole numbers, of which every sum is exact in float32, or normal ones."""
    numbers = rng.integers(-2, 3, shape) if whole else rng.normal(size=shape)
    return numbers.astype(np.float32)


def a_convolution(seed: int, size: tuple[int, int] | None = None) -> ConvolutionCase:
    """Return a convolution of random shape; every second one is of whole numbers."""
    rng, whole = np.random.default_rng(seed), seed % 2 == 0
    n, c, k = rng.integers(1, [4, 3 * LANES, 5 * LANES])
    f = size or tuple(rng.integers(1, 6, 2).tolist())
    padding = int(rng.integers(0, 3))
    rows, columns = (int(rng.integers(1 + side, 14)) for side in f)
    blank = draw(rng, c, rows, columns, whole=whole)
    ink = rng.random((n, rows, columns)) < rng.choice([0.0, 0.02, 0.3, 1.0])
    x = np.where(ink[:, None], draw(rng, n, c, rows, columns, whole=whole), blank)
    weight, bias = draw(rng, k, c, *f, whole=whole), draw(rng, k, whole=whole)
    return ConvolutionCase(x, weight, bias, padding, blank, ink)


def a_second_block(seed: int) -> ConvolutionCase:
    """Return the second block of a random network, seeing a random picture with blank paper."""
    rng, whole = np.random.default_rng(seed), seed % 2 == 0
    n, first, second = rng.integers(1, [11, 2 * LANES, 4 * LANES])
    rows, columns = rng.integers(4, 30, 2).tolist()
    layers = [Conv2D(int(k), 3, padding=1) for k in (first, second)]
    blocks = [layer for conv in layers for layer in (conv, ReLU(), MaxPool2D(2))]
    parameters = Network(blocks, input_shape=(1, rows, columns)).initialise(seed=0)
    parameters.vector[:] = draw(rng, parameters.vector.size, whole=whole)
    pictures = abs(draw(rng, n, 1, rows, columns, whole=whole))
    pictures[:, :, :, columns // 3 :] *= rng.random((n, 1, 1, 1)) < 0.5
    return ConvolutionCase.of(parameters, pictures)


def a_way_back(seed: int) -> BackpropCase:
    """Return the way back through a convolution of random shape, with random winners."""
    there, rng = a_convolution(seed, (3, 3) if seed % 4 < 2 else None), np.random.default_rng(seed)
    shape = convolution.RUNGS[1].prepare(there).finished()["winner"].shape
    winner = rng.integers(0, NOBODY + 1, shape).astype(np.uint8)
    g = draw(rng, *shape, whole=seed % 2 == 0)
    return BackpropCase(there.x, there.weight, there.padding, g, winner)


def back_from(there: ConvolutionCase, seed: int) -> BackpropCase:
    """Return the way back through a network's second block."""
    winner = LADDERS["convolution"][-1].prepare(there).finished()["winner"].astype(np.uint8)
    g = draw(np.random.default_rng(seed), *winner.shape, whole=seed % 2 == 0)
    network = (there.parameters, there.pictures)
    return BackpropCase(there.x, there.weight, there.padding, g, winner, *network)


def a_pool(seed: int) -> PoolCase:
    """Return random outputs, every second time full of ties and of windows without a winner."""
    rng = np.random.default_rng(seed)
    n, k, rows, columns = rng.integers([1, 1, 2, 2], [4, 5 * LANES, 9, 9])
    return PoolCase(draw(rng, n, k, rows, columns, whole=seed % 2 == 0))


def a_dense_layer(seed: int) -> DenseCase:
    """Return a dense layer of random shape, between two ReLUs."""
    rng, whole = np.random.default_rng(seed), seed % 2 == 0
    n, inputs, outputs = rng.integers(1, [150, 300, 12 * LANES])
    x = np.maximum(draw(rng, n, inputs, whole=whole), 0)
    d = draw(rng, n, outputs, whole=whole) * (rng.random((n, outputs)) < 0.5)
    weight, bias = draw(rng, inputs, outputs, whole=whole), draw(rng, outputs, whole=whole)
    return DenseCase(x, weight, bias, d.astype(np.float32))


def check_bits(rungs: tuple[Rung, ...], case) -> None:
    """Demand that all rungs give the same to the last bit: of whole numbers no sum is rounded."""
    found = [r.prepare(case).finished() for r in rungs if r.takes(case)]
    for results in found[1:]:
        for name, values in results.items():
            np.testing.assert_array_equal(values, found[0][name])


@seeds
@pytest.mark.parametrize("size", [None, (3, 3)], ids=["any size", "3×3"])
def test_convolutions_agree(seed, size):
    case = a_convolution(seed, size)
    check_rungs(LADDERS["convolution"], case)
    if seed % 2 == 0:
        check_bits(LADDERS["convolution"], case)


@seeds
def test_the_engine_agrees_with_the_convolutions(seed):
    case = a_second_block(seed)
    assert all(r.takes(case) for r in LADDERS["convolution"])
    check_rungs(LADDERS["convolution"][1:], case)
    if seed % 2 == 0:
        check_bits(LADDERS["convolution"][1:], case)


@seeds
def test_ways_back_agree(seed):
    case = a_way_back(seed)
    check_rungs(LADDERS["convolution, backward"], case)
    if seed % 2 == 0:
        check_bits(LADDERS["convolution, backward"], case)


@seeds
def test_the_engine_agrees_with_the_ways_back(seed):
    case = back_from(a_second_block(seed), seed)
    assert all(r.takes(case) for r in LADDERS["convolution, backward"])
    check_rungs(LADDERS["convolution, backward"][1:], case)
    if seed % 2 == 0:
        check_bits(LADDERS["convolution, backward"][1:], case)


def test_where_there_is_no_ink_a_block_sees_blank_paper():
    for seed in range(20):
        case = a_second_block(seed)
        same = (case.x == case.blank).all(axis=1)
        assert same[~case.ink].all()


@seeds
def test_pools_agree(seed):
    case = a_pool(seed)
    check_rungs(pool.RUNGS, case)
    check_bits(pool.RUNGS, case)


def test_among_equals_the_first_wins_and_nobody_where_nothing_is_above_0():
    windows = [[[1, 1], [1, 1]], [[0, 2], [2, 2]], [[0, 0], [3, 3]], [[0, 0], [0, 4]], [[0, 0]] * 2]
    z = np.array(windows, np.float32)[:, None]
    for r in pool.RUNGS:
        results = r.prepare(PoolCase(z)).finished()
        assert results["winner"].ravel().tolist() == [0, 1, 2, 3, NOBODY]
        assert results["pooled"].ravel().tolist() == [1, 2, 3, 4, 0]


@seeds
@pytest.mark.parametrize("way", ["dense", "dense, backward"])
def test_dense_layers_agree(way, seed):
    case = a_dense_layer(seed)
    check_rungs(LADDERS[way], case.first(min(case.drawings, 7)))  # plain loops take long
    check_rungs(LADDERS[way][1:], case)
    if seed % 2 == 0:
        exact = [r for r in LADDERS[way][1:] if "Adam" not in r.name]
        check_bits(exact, case)


# --- what is checked ----------------------------------------------------------------------------


def test_a_rung_that_computes_something_else_is_not_timed():
    case = a_convolution(1, (3, 3))

    def forget(case: ConvolutionCase) -> Prepared:
        weight = case.weight.copy()
        weight[0, 0, 1, 1] = 0
        return convolution.RUNGS[1].prepare(replace(case, weight=weight))

    rungs = (convolution.RUNGS[1], Rung("forgetful", forget))
    with pytest.raises(
        ValueError, match=r"^forgetful does not compute what NumPy does: .* is off by"
    ):
        climb.climb(rungs, case, rounds=1, seconds_a_turn=0.0)


def test_another_winner_is_found_out():
    case = a_convolution(3, (3, 3))
    results = convolution.RUNGS[1].prepare(case).finished()
    case.check(results, results)
    wrong = (results["winner"] + 1) % 4
    with pytest.raises(ValueError, match=r"^the winner's z is off by"):
        case.check({**results, "winner": wrong}, results)


def test_near_ties_may_be_won_by_another():
    x = np.zeros((1, 1, 2, 2), np.float32)
    x[0, 0] = [[1, 1 + 1e-7], [0, 0]]
    one = np.ones((1, 1, 1, 1), np.float32)
    ink = np.ones((1, 2, 2), bool)
    case = ConvolutionCase(x, one, np.zeros(1, np.float32), 0, x[0], ink)
    results = {"pooled": np.ones((1, 1, 1, 1)), "winner": np.full((1, 1, 1, 1), 1)}
    case.check({**results, "winner": results["winner"] - 1}, results)
    with pytest.raises(ValueError, match="the winner's z"):
        case.check({**results, "winner": results["winner"] + 1}, results)


@pytest.mark.parametrize(("off", "passes"), [(1e-6, True), (0.1, False), (np.nan, False)])
def test_numbers_may_differ_by_their_rounding(off, passes):
    expected = np.ones(3)
    if passes:
        check_numbers("y", expected + off, expected, terms=9, size=1.0)
        return
    with pytest.raises(ValueError, match=r"^y is off by"):
        check_numbers("y", expected + off, expected, terms=9, size=1.0)


def test_a_lost_term_is_more_than_rounding():
    for terms in (9, 288, 3136, 9999):
        with pytest.raises(ValueError, match="is off by"):
            check_numbers("y", np.zeros(1), np.full(1, 1 / terms), terms=terms, size=1.0)


def test_examples_hold():
    assert doctest.testmod(rung).failed == 0
    assert doctest.testmod(rung).attempted > 0


# --- the command --------------------------------------------------------------------------------


def test_every_rung_is_timed(bench):
    rows = bench("ladder", "--batch", "2", "--rounds", "1", "--seconds", "0.001")
    expected = [(operation, r.name) for operation, rungs in LADDERS.items() for r in rungs]
    assert [(row["operation"], row["name"]) for row in rows] == expected
    by_name = {(row["operation"], row["name"]): row for row in rows}
    for below, row in zip([None, *rows], rows, strict=False):
        assert row["slowest"] == row["drawings_per_s"] == row["fastest"] > 0
        assert row["microseconds"] == pytest.approx(1e6 / row["drawings_per_s"])
        if row["name"] == "plain loops":
            assert "times_before" not in row
        else:
            times = row["drawings_per_s"] / below["drawings_per_s"]
            assert row["times_before"] == pytest.approx(times)
        assert ("gflops" in row) == ("share_of_peak" in row) == (row["operation"] != "pool")
        assert row.get("share_of_peak", 1) > 0
    whole = by_name["convolution", "a tile of sums"]["multiply_adds"]
    assert whole == 64 * 14 * 14 * 32 * 9
    inked = by_name["convolution", "blank paper skipped"]["multiply_adds"]
    assert by_name["convolution", "Winograd"]["multiply_adds"] == inked * 16 / 36
    assert by_name["dense", "vectors"]["multiply_adds"] == 3136 * 128
    assert by_name["dense", "live numbers only"]["multiply_adds"] < 3136 * 128
    assert by_name["dense, backward", "NumPy"]["multiply_adds"] == 2 * 3136 * 128


def test_one_operation_alone_is_timed(bench):
    words = ("--batch", "2", "--rounds", "2", "--seconds", "0.001", "--only", "pool")
    rows = bench("ladder", *words)
    assert [row["name"] for row in rows] == [r.name for r in pool.RUNGS]


def test_what_has_no_ladder_is_refused():
    result = CliRunner().invoke(command.app, ["ladder", "--only", "softmax"])
    assert result.exit_code == 2
    sentence = f"error: --only is softmax; choose one of {'; '.join(OPERATIONS)}\n"
    assert result.output == sentence


def test_what_else_a_rung_must_do_is_taken_off(monkeypatch):
    def clock(contestants, **_):
        for run in contestants.values():
            run()
        return {"lower": [8.0, 6.0], "upper": [5.0, 9.0], "upper (besides)": [3.0, 5.0]}

    did, given = [], {"pooled": np.zeros(1), "winner": np.zeros(1)}
    monkeypatch.setattr(climb, "seconds_by_turns", clock)
    lower = Rung("lower", lambda _: Prepared(lambda: did.append("lower"), lambda: given))
    both = Prepared(lambda: did.append("upper"), lambda: given, lambda: did.append("besides"))
    upper = Rung("upper", lambda _: both, multiply_adds=lambda _: 12.0)
    case = PoolCase(np.zeros((2, 1, 2, 2)))
    rows = climb.climb((lower, upper), case, rounds=2, seconds_a_turn=0.0)
    assert did == ["upper", "lower", "lower", "upper", "besides"]  # checked, then timed
    assert [row["drawings_per_s"] for row in rows] == [2 / 7, 2 / 3]
    assert [row["microseconds"] for row in rows] == [3.5e6, 1.5e6]
    assert (rows[1]["slowest"], rows[1]["fastest"]) == (0.5, 1.0)
    assert rows[1]["times_before"] == pytest.approx((4 + 1.5) / 2)
    assert (rows[1]["multiply_adds"], rows[1]["gflops"]) == (6.0, pytest.approx(8e-9))
