"""Built-in doodles: valid, varied, the same for the same seed, and not too easy."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.drawing import check_strokes, is_simplified, to_bitmap
from inkgrad.errors import DataError
from inkgrad.quickdraw.doodles import ANIMALS, doodle_bitmaps, doodles, draw
from inkgrad.quickdraw.doodles.hand import EARLY_END, Hand
from inkgrad.quickdraw.doodles.pen import Pen
from tests.thorough import THOROUGH

N = 100


@pytest.fixture(scope="module")
def many() -> tuple[list, np.ndarray]:
    return doodles(ANIMALS, N, seed=1)


@pytest.fixture(scope="module")
def bitmaps() -> tuple[np.ndarray, np.ndarray]:
    return doodle_bitmaps(ANIMALS, 600, seed=1)


def steady() -> Hand:
    return Hand(shakiness=0.0, carelessness=0.0)


# ---------------------------------------------------------------- what is drawn


def test_five_animals_in_alphabetical_order() -> None:
    assert ANIMALS == ("cat", "dog", "dolphin", "elephant", "zebra")


@given(st.sampled_from(ANIMALS), st.integers(0, 2**63))
def test_every_drawing_is_valid(animal: str, seed: int) -> None:
    strokes = draw(animal, np.random.default_rng(seed))
    checked = check_strokes(strokes)
    assert is_simplified(checked)
    points = np.concatenate(checked, axis=1)
    assert points.min(axis=1).tolist() == [0, 0]
    assert points.max() == 255
    assert all(type(x) is int for xs, ys in strokes for x in xs + ys)  # ready for JSON
    assert len(strokes) <= 60
    assert points.shape[1] <= 800


def test_the_same_seed_gives_the_same_drawings(many) -> None:
    drawings, labels = doodles(ANIMALS, N, seed=1)
    assert drawings == many[0]
    assert labels.tobytes() == many[1].tobytes()
    one, two, other = (doodle_bitmaps(["dog"], 5, seed)[0].tobytes() for seed in (3, 3, 4))
    assert one == two != other


def test_more_drawings_or_other_classes_change_nothing(many) -> None:
    drawings, labels = doodles(["zebra", "cat"], 4, seed=1)
    assert drawings == many[0][4 * N : 4 * N + 4] + many[0][:4]
    assert labels.dtype == np.int64
    assert labels.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]


def test_classes_are_balanced_and_drawings_distinct(many, bitmaps) -> None:
    drawings, labels = many
    assert len(drawings) == 5 * N
    assert np.bincount(labels).tolist() == [N] * 5
    assert len({str(drawing) for drawing in drawings}) == 5 * N
    pictures, _ = bitmaps
    assert len(np.unique(pictures.reshape(len(pictures), -1), axis=0)) == len(pictures)


def test_bitmaps_come_through_the_one_door(many) -> None:
    pictures, labels = doodle_bitmaps(["elephant", "dolphin"], 20, seed=1)
    drawings = many[0][3 * N : 3 * N + 20] + many[0][2 * N : 2 * N + 20]
    assert np.array_equal(pictures, np.stack([to_bitmap(drawing) for drawing in drawings]))
    assert labels.tolist() == [0] * 20 + [1] * 20


def test_animals_face_both_ways_and_vary_in_length(many, bitmaps) -> None:
    pictures, labels = bitmaps
    for label in range(5):
        seen = pictures[labels == label].astype(float)
        centre = (seen.mean(axis=1) * np.arange(28)).sum(axis=1) / seen.mean(axis=1).sum(axis=1)
        to_the_right = np.mean(centre > 13.5)
        assert 0.4 < to_the_right < 0.6, ANIMALS[label]
        counts = [len(many[0][label * N + i]) for i in range(N)]
        assert len(set(counts)) >= 6, ANIMALS[label]
        ink = (seen > 127).mean(axis=(1, 2))
        assert ink.min() > 0.03, ANIMALS[label]
        assert ink.max() < 0.6, ANIMALS[label]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["cat", "unicorn"],), "no built-in doodle of 'unicorn'; choose from cat, dog, dolphin, "),
        ((["cat", "dog", "cat"],), "a class is named twice in cat, dog, cat"),
        (("cat",), r"classes is the text 'cat'; give a list, such as \['cat'\]"),
        ((["cat"], 0), "n_per_class is 0; give 1 or more"),
        ((["cat"], 1, -1), "seed is -1; give 0 or more"),
    ],
)
def test_mistakes_are_told(arguments: tuple, message: str) -> None:
    for function in (doodles, doodle_bitmaps):
        with pytest.raises(DataError, match=message):
            function(*arguments)


# ---------------------------------------------------------------- the pen and the hand


def pen(seed: int = 0) -> Pen:
    made = Pen(np.random.default_rng(seed))
    made._hand = steady()
    return made


def test_pen_draws_where_it_is_told() -> None:
    upright = pen()
    with upright.at(10, 20, scale=2), upright.at(1, 0, turn=np.pi / 2):
        upright.line([(0, 0), (1, 0)])  # turned clockwise: right is down
    assert upright.extent() == pytest.approx((12, 20, 12, 22))
    upright.oval(0, 0, 3, 1, turn=np.pi / 2)
    left, top, right, _ = upright.extent()
    assert (left, right) == pytest.approx((-1, 12), abs=0.05)
    assert top == pytest.approx(-3, abs=0.05)


@pytest.mark.parametrize("closed", [False, True])
def test_lines_and_curves_go_through_their_points(closed: bool) -> None:
    points = [(0.0, 0.0), (2.0, 1.0), (3.0, -1.0), (1.0, -2.0)]
    for seed in range(12):  # round and angular pens
        drawn = pen(seed)
        drawn.line(points, closed=closed)
        drawn.curve(points, closed=closed)
        for path in drawn._paths:
            for point in points + points[:1] * closed:
                assert np.abs(path - point).sum(axis=1).min() < 1e-12
            assert path[-1].tolist() == pytest.approx(points[0] if closed else points[-1])


def test_a_tube_stands_as_far_from_its_spine_as_told() -> None:
    drawn = pen()
    drawn.tube([(0, 0), (1, 0), (2, 0)], [0.5, 0.5], open_end=True)
    drawn.tube([(0, 0), (1, 0), (2, 0)], [0.5, 0.5], open_end=False, filled=True)
    opened, closed, inside = drawn._paths
    assert np.allclose(np.abs(opened[:, 1]), 0.5)
    assert opened[0].tolist() != opened[-1].tolist()
    assert closed[0].tolist() == closed[-1].tolist()
    assert np.abs(inside[:, 1]).max() == pytest.approx(0.425)


@pytest.mark.parametrize(("rx", "ry"), [(2, 1), (1, 2)])
def test_a_scribble_covers_its_oval_lengthwise(rx: float, ry: float) -> None:
    drawn = pen()
    drawn.scribble(5, 5, rx, ry)
    left, top, right, bottom = drawn.extent()
    assert (right - left, bottom - top) == pytest.approx((2 * rx, 2 * ry), rel=0.06)
    steps = np.abs(np.diff(drawn._paths[0], axis=0)).mean(axis=0)
    assert (steps[0] > steps[1]) == (rx > ry)


def test_choices_follow_their_weights() -> None:
    chooser = pen()
    picks = [chooser.pick("abc", [1, 0, 3]) for _ in range(2000)]
    assert "b" not in picks
    assert picks.count("c") / 2000 == pytest.approx(0.75, abs=0.04)
    assert {chooser.some(2, 4) for _ in range(99)} == {2, 3, 4}
    orders = []
    for _ in range(20):
        order: list[int] = []
        chooser.in_any_order(lambda o=order: o.append(1), lambda o=order: o.append(2))
        orders.append(tuple(order))
    assert set(orders) == {(1, 2), (2, 1)}


def test_a_steady_hand_closes_outlines_and_a_careless_one_does_not() -> None:
    outline = np.stack([np.cos(np.arange(41) * np.pi / 20), np.sin(np.arange(41) * np.pi / 20)], 1)
    rng = np.random.default_rng(0)
    assert np.array_equal(steady().close(outline, rng), outline)
    lengths, gaps = set(), []
    for _ in range(200):
        closed = Hand(0.0, 1.0).close(outline, rng)
        lengths.add(len(closed))
        gaps.append(np.hypot(*(closed[-1] - closed[0])))
    assert min(lengths) < 41 < max(lengths)  # gaps and overshot ends
    assert 0.1 < np.mean(gaps) < 0.6


def test_a_drawing_ends_early_but_not_before_it_is_recognisable() -> None:
    rng = np.random.default_rng(0)
    paths = [np.array([[k, 0.0], [k, 9.0]]) for k in range(6)]
    paths.append(np.linspace([0, 0], [9, 9], 20))
    drawn = [steady().finish(paths, 3, rng) for _ in range(1000)]
    counts = [len(strokes) for strokes in drawn]
    assert min(counts) == 3
    assert np.mean(np.array(counts) < 7) == pytest.approx(EARLY_END * 4 / 5, abs=0.04)
    assert any(len(strokes[-1][0]) < 20 for strokes in drawn if len(strokes) == 7)
    assert len(paths) == 7
    assert len(paths[-1]) == 20


def test_a_shaky_hand_bends_a_straight_line() -> None:
    def bends(shakiness: float) -> float:
        rng = np.random.default_rng(0)
        path = np.linspace([0, 0], [1, 1], 60)
        turns = []
        for _ in range(50):
            [[xs, ys]] = Hand(shakiness, 0.0).finish([path], 1, rng)
            turns.append(np.abs(np.diff(ys, 2)).mean() + np.abs(np.diff(xs, 2)).mean())
        return float(np.mean(turns))

    assert bends(0.02) > 2 * bends(0.0)


def test_without_a_word_about_recognising_nothing_is_cut() -> None:
    for seed in range(30):
        drawn = pen(seed)
        drawn.line([(0, 0), (1, 0)])
        drawn.line([(0, 1), (1, 0)])
        assert len(drawn.strokes()) == 2


# ---------------------------------------------------------------- how hard they are


def halves(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to learn from (four fifths) and those to judge by."""
    rows = np.random.default_rng(seed).permutation(n)
    return rows[: n * 4 // 5], rows[n * 4 // 5 :]


def linear_accuracy(pictures: np.ndarray, labels: np.ndarray, strengths: list[float]) -> float:
    """Return the best test accuracy of a multinomial logistic regression on the pixels."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    x = pictures.reshape(len(pictures), -1) / 255
    learn, judge = halves(len(x), seed=0)
    scores = []
    for strength in strengths:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = LogisticRegression(C=strength, max_iter=200).fit(x[learn], labels[learn])
        scores.append(model.score(x[judge], labels[judge]))
    return max(scores)


def test_a_linear_classifier_learns_something_but_not_enough(bitmaps) -> None:
    assert 0.65 < linear_accuracy(*bitmaps, [0.03]) < 0.90


@pytest.mark.slow
@pytest.mark.parametrize("seed", [42, 7][:THOROUGH])
def test_the_seed_network_learns_what_a_linear_classifier_cannot(seed: int) -> None:
    from inkgrad import seed_network
    from inkgrad.quickdraw import Drawings
    from inkgrad.training import Recipe, fit

    drawings = Drawings(*doodle_bitmaps(ANIMALS, 4000, seed), ANIMALS)
    learn, judge = halves(len(drawings), seed)
    first = np.flatnonzero(np.arange(len(drawings)) % 4000 < 2000)
    linear = linear_accuracy(drawings.bitmaps[first], drawings.labels[first], [0.01, 0.03, 0.1])
    assert linear < 0.90
    fitted = fit(
        seed_network(classes=5),
        drawings.subset(learn),
        validation=drawings.subset(judge),
        recipe=Recipe(epochs=4, seed=seed),
    )
    accuracy = fitted.history[-1].validation_accuracy
    print(f"seed {seed}: linear {linear:.4f}, network {accuracy:.4f}")
    assert accuracy >= 0.97
