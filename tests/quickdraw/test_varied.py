"""Varied drawings: new in every epoch, the same in every batch, strokes and bitmaps alike."""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.drawing import Raster, pack_framed, to_bitmaps
from inkgrad.drawing.variants import Variation
from inkgrad.errors import DataError
from inkgrad.layers import Dense, Flatten
from inkgrad.network import Network
from inkgrad.quickdraw import Balanced, Drawings, Even, RowStrokes, Varied, concatenate
from inkgrad.quickdraw.doodles import doodles
from inkgrad.training import Recipe, describe_source, fit

CLASSES = ("cat", "dog")


def mixed(n: int = 40) -> Drawings:
    """Return drawings of which the first half came as bitmaps, the others as strokes."""
    drawn, labels = doodles(CLASSES, n // 2, seed=1)
    bitmaps = to_bitmaps(drawn)
    order = np.random.default_rng(0).permutation(n)
    known = RowStrokes.all(pack_framed(drawn)).subset(order[n // 2 :])
    rows = RowStrokes.join([RowStrokes.none(n // 2), known])
    return Drawings(bitmaps[order], labels[order], CLASSES, rows)


def test_an_epoch_meets_each_drawing_so_many_times_never_alike():
    drawings = mixed()
    data = Varied(drawings, times=3, seed=5)
    assert len(data) == 120
    epochs = [data.in_epoch(epoch).batch(np.arange(120)) for epoch in (0, 1)]
    for x, labels in epochs:
        assert x.shape == (120, 1, 28, 28)
        assert x.dtype == np.float32
        assert 0 <= x.min() < 0.1 < 0.9 < x.max() <= 1
        assert labels.tolist() == drawings.labels.tolist() * 3
    assert len(np.unique(np.concatenate([x for x, _ in epochs]), axis=0)) == 240
    np.testing.assert_array_equal(data.batch(np.arange(120))[0], epochs[0][0])


def test_a_place_holds_the_same_variant_in_any_batch():
    data = Varied(mixed(), times=2, seed=5).in_epoch(3)
    together, _ = data.batch(np.arange(80))
    for place in (0, 19, 20, 41, 79):
        alone, _ = Varied(mixed(), times=2, seed=5).in_epoch(3).batch([place, 7])
        np.testing.assert_array_equal(alone[0, 0], together[place, 0])
    other, _ = Varied(mixed(), times=2, seed=6).in_epoch(3).batch(np.arange(80))
    assert not np.array_equal(other, together)


def test_without_any_variation_drawings_are_as_they_are():
    drawings = mixed()
    plain = Varied(drawings, variation=Variation.none())
    bitmaps = drawings.bitmaps
    np.testing.assert_array_equal(plain.batch(np.arange(20))[0][:, 0] * 255, bitmaps[:20])
    framed = drawings.subset(np.arange(20, 40))
    varied = plain.batch(np.arange(20, 40))[0][:, 0] * 255
    same = [np.array_equal(a, b) for a, b in zip(framed.bitmaps, varied, strict=True)]
    assert np.mean(same) > 0.6  # the others miss 255 by a bit, and are scaled to it


def test_a_class_that_a_mirror_would_spoil_is_not_mirrored():
    left = np.zeros((2, 28, 28), np.uint8)
    left[:, 4:24, 3:6] = 255
    left[:, 4:6, 3:20] = 255
    drawings = Drawings(left, np.array([0, 1]), ("cup", "F"))
    x, labels = Varied(drawings, times=50, variation=Variation.none(mirror=1)).batch(np.arange(100))
    is_mirrored = x[:, 0, 10:20, 14:].sum(axis=(1, 2)) > 0
    assert is_mirrored[labels == 0].all()
    assert not is_mirrored[labels == 1].any()


def test_rare_classes_are_met_more_often_and_in_other_variants():
    few = mixed().subset(np.r_[0:15, 16:40])
    few = concatenate(
        [few.subset(few.labels == 0), few.subset(np.flatnonzero(few.labels == 1)[:2])]
    )
    balanced = Balanced(few)
    data = Varied(balanced, times=2)
    assert len(data) == 2 * len(balanced) > 2 * len(few)
    x, labels = data.batch(np.arange(len(data)))
    assert labels.tolist() == balanced.batch(np.arange(len(balanced)))[1].tolist() * 2
    assert len(np.unique(x, axis=0)) == len(data)


def test_an_even_choice_is_made_anew_in_every_epoch():
    even = Even(mixed(), per_class=6, seed=4)
    data = Varied(even, times=2, variation=Variation.none())
    for epoch in (0, 1, 3):
        x, labels = data.in_epoch(epoch).batch(np.arange(len(data)))
        expected, same = even.in_epoch(epoch).batch(np.arange(len(even)))
        np.testing.assert_array_equal(labels, np.tile(same, 2))
        assert np.abs(x - np.tile(expected, (2, 1, 1, 1))).max() < 0.5  # rasterised once more


def test_what_is_trained_on_can_be_told_apart():
    drawings = mixed()
    sources = [
        drawings,
        Varied(drawings),
        Varied(drawings, 2),
        Varied(drawings, seed=1),
        Varied(drawings, variation=Variation(turn=1)),
        Varied(Balanced(drawings)),
    ]
    assert len({describe_source(source).fingerprint for source in sources}) == len(sources)


def test_another_raster_is_kept():
    drawings = mixed()
    large = Drawings(
        np.stack([to_bitmaps([drawings.strokes_of(row)], 56)[0] for row in range(20, 40)]),
        drawings.labels[20:],
        CLASSES,
        drawings.subset(np.arange(20, 40)).strokes,
    )
    x, _ = Varied(large, raster=Raster(56)).batch(np.arange(20))
    assert x.shape == (20, 1, 56, 56)


def test_less_than_one_variant_is_refused():
    with pytest.raises(DataError, match="the number of variants is 0; give 1 or more"):
        Varied(mixed(), times=0)


def test_a_run_repeats_and_goes_on_to_the_same_bits(tmp_path):
    network = Network([Flatten(), Dense(2)], (1, 28, 28))
    recipe = Recipe(epochs=3, batch_size=7)
    data = Varied(Balanced(mixed()), times=2)
    options = {"recipe": recipe, "engine": "reference"}

    def bits(**more) -> bytes:
        return fit(network, data, **options, **more).parameters.vector.tobytes()

    whole = bits()
    assert bits() == whole
    calls = iter(range(1000))
    for _ in range(5):  # each session is stopped in the middle of an epoch, if it gets so far
        resume = (tmp_path / "checkpoint-last.safetensors").exists()
        bits(folder=tmp_path, resume=resume, should_stop=lambda: next(calls) % 8 == 7)
    assert bits(folder=tmp_path, resume=True) == whole
    plain = fit(network, mixed(), **options).parameters.vector.tobytes()
    assert plain != whole
