"""Learning curves: every point where it belongs, whatever was recorded."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.insight.charts import learning_curve, nice_ticks


def run(epochs=3, steps=20, validation=True):
    """Return the records of a run whose loss falls, as `metrics.jsonl` has them."""
    records = []
    for epoch in range(1, epochs + 1):
        for step in range(5, steps + 1, 5):
            done = (epoch - 1) * steps + step
            records.append(
                {
                    "event": "train",
                    "epoch": epoch,
                    "step": done,
                    "loss": 2.0 / (1 + done / steps),
                    "accuracy": 1 - 0.8 / (1 + done / steps),
                    "learning_rate": 1e-3,
                }
            )
        records.append(
            {
                "event": "epoch",
                "epoch": epoch,
                "train_loss": 2.2 / (1 + epoch),
                "train_accuracy": 1 - 0.9 / (1 + epoch),
                "validation_loss": 2.1 / (1 + epoch) if validation else None,
                "validation_accuracy": 1 - 0.85 / (1 + epoch) if validation else None,
                "seconds": 1.0,
                "is_best": epoch == 2,
            }
        )
    return records


def coordinates(series):
    return [tuple(map(float, point.split(","))) for point in series.points.split()]


def test_points_stand_where_their_epoch_and_value_say():
    chart = learning_curve(run(), "loss")
    training, validation = chart.series
    assert (training.kind, validation.kind) == ("training", "validation")
    width = chart.right - chart.left
    xs = [x for x, _ in coordinates(training)]
    assert xs == pytest.approx([chart.left + width * i / 12 for i in range(1, 13)], abs=0.06)
    # The scale is that of the ticks: a value between two ticks stands between them in proportion.
    (zero, one) = (next(t.at for t in chart.y_ticks if t.label == label) for label in ("0", "1"))
    for (_, y), epoch in zip(coordinates(validation), (1, 2, 3), strict=True):
        assert y == pytest.approx(zero + (one - zero) * 2.1 / (1 + epoch), abs=0.06)
    assert [dot.title for dot in validation.dots] == [
        "epoch 1, validation: 1.05",
        "epoch 2, validation: 0.7",
        "epoch 3, validation: 0.525",
    ]
    assert training.dots == ()
    assert training.title == "training loss from 1.6 to 0.5"
    assert chart.description == f"{training.title}; {validation.title}"


def test_an_accuracy_is_shown_in_percent_and_never_beyond_100():
    chart = learning_curve(run(epochs=30), "accuracy")
    assert chart.y_ticks[-1].label == "100"
    assert chart.series[1].dots[0].title == "epoch 1, validation: 57.5 %"


def test_the_epoch_that_was_kept_is_marked_if_validation_chose_it():
    chart = learning_curve(run(), "loss")
    assert chart.kept.label == "kept: epoch 2"
    assert chart.kept.at == chart.series[1].dots[1].x
    assert learning_curve(run(validation=False), "loss").kept is None


def test_without_validation_there_is_one_line():
    (series,) = learning_curve(run(validation=False), "loss").series
    assert series.kind == "training"


def test_without_steps_the_epochs_make_the_training_line():
    records = [r for r in run() if r["event"] == "epoch"]
    training, _ = learning_curve(records, "loss").series
    assert len(coordinates(training)) == len(training.dots) == 3


def test_one_epoch_only():
    chart = learning_curve(run(epochs=1), "accuracy")
    assert [tick.label for tick in chart.x_ticks] == ["0", "1"]
    assert len(chart.series[1].dots) == 1
    assert chart.series[1].dots[0].x == chart.right


def test_a_run_cut_short_in_its_first_epoch_still_has_a_line():
    records = run()[:2]
    (series,) = learning_curve(records, "loss").series
    assert len(coordinates(series)) == 2


@pytest.mark.parametrize(
    "records",
    [
        [],
        [{"event": "notice", "message": "flat"}],
        [{"event": "train", "epoch": 1, "step": 1, "loss": math.nan}],
        [{"event": "epoch", "epoch": 1, "train_loss": None, "validation_loss": math.inf}],
    ],
)
def test_nothing_recorded_is_no_chart(records):
    assert learning_curve(records, "loss") is None


def test_a_long_run_is_thinned_to_means():
    records = run(epochs=500, steps=20)
    training, validation = learning_curve(records, "loss").series
    assert 200 <= len(coordinates(training)) <= 400
    assert validation.dots == ()
    assert len(coordinates(validation)) == 500


@given(
    st.floats(-1e6, 1e6, allow_nan=False),
    st.floats(0, 1e6, allow_nan=False),
    st.integers(3, 10),
)
def test_ticks_are_round_evenly_spaced_and_enclose_the_values(low, span, most):
    high = low + span
    ticks = nice_ticks(low, high, most)
    step = ticks[1] - ticks[0]
    tolerance = 1e-6 * max(step, abs(low), abs(high))
    assert ticks[0] <= low + tolerance
    assert ticks[-1] >= high - tolerance
    assert 2 <= len(ticks) <= most + 1
    assert all(b - a == pytest.approx(step, rel=1e-3) for a, b in itertools.pairwise(ticks))


@given(st.integers(1, 10_000))
def test_epoch_ticks_are_few_whole_and_end_with_the_last(epochs):
    records = [{"event": "epoch", "epoch": epochs, "train_loss": 1.0}]
    labels = [float(t.label) for t in learning_curve(records, "loss").x_ticks]
    assert labels[0] == 0
    assert labels[-1] == epochs
    assert labels == sorted(set(labels))
    assert all(label == int(label) for label in labels)
    assert len(labels) <= 10


def test_a_loss_that_never_changes_has_a_scale():
    records = [{"event": "epoch", "epoch": e, "train_loss": 0.0} for e in (1, 2)]
    chart = learning_curve(records, "loss")
    assert all(math.isfinite(y) for _, y in coordinates(chart.series[0]))
