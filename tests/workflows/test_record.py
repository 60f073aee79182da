"""The record in a model file: enough to repeat the run, nothing of the machine or the day."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from inkgrad.insight import evaluate
from inkgrad.layers import Dense, Flatten
from inkgrad.model import Model
from inkgrad.network import Network
from inkgrad.quickdraw import Drawings, Loaded, load_drawings
from inkgrad.workflows import Settings
from inkgrad.workflows.record import FLAGS, command, make_record, origin_of
from tests.buckets import write_bucket

NETWORK = Network([Flatten(), Dense(2)])
TWO = ("cat", "dog")


def model(**record):
    return Model(NETWORK, NETWORK.initialise(), TWO, record=record)


def told(source, *, built_in=False):
    """Return what a record says of drawings from `source`."""
    drawings = Drawings(
        np.arange(20, dtype=np.uint8)[:, None, None] * np.ones((28, 28), np.uint8),
        np.arange(20) % 2,
        TWO,
    )
    settings = Settings(TWO)
    parts = settings.divide(drawings)
    perfect = evaluate(np.eye(2)[[0, 1]], [0, 1], TWO)
    record = make_record(
        settings, Loaded(drawings, source, built_in=built_in), parts, "reference", perfect
    )
    assert record["hard_classes"] == []
    return record["data"]["source"]


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("the folder /some/where/quickdraw", "the folder quickdraw"),
        ("the folder of drawings /some/where, as of old/mine", "the folder of drawings mine"),
        ("the file of drawings /some/where/my.ndjson", "the file of drawings my.ndjson"),
        ("the files of drawings in /some/where/mine", "the files of drawings in mine"),
        ("the mirror https://example.org/full", "the mirror https://example.org/full"),
        (
            "what was fetched earlier from the mirror https://example.org/full",
            "the mirror https://example.org/full",
        ),
        (
            "Google's Quick, Draw! bucket, the first 10,000 drawings of each class",
            "Google's Quick, Draw! bucket",
        ),
        (
            "what was fetched earlier from Google's Quick, Draw! bucket, as there is no network",
            "Google's Quick, Draw! bucket",
        ),
        ("shapes", "shapes"),
    ],
)
def test_a_source_is_told_without_folders_and_networks(source, kept):
    assert told(source) == kept


def test_built_in_doodles_are_told_without_the_reason():
    assert told("built-in doodles, drawn by a program, as x", built_in=True) == "built-in doodles"


def test_a_command_names_what_was_chosen():
    settings = Settings.choose(
        ("cat", "The Eiffel Tower"),
        {"seed": 7, "nesterov": True, "optimizer": "sgd", "clip_norm": 0.5, "warmup": 0.2},
        data="https://example.org/full",
    )
    assert command(settings) == (
        "inkgrad train --classes 'cat,The Eiffel Tower' --data https://example.org/full "
        "--seed 7 --epochs 6 --optimizer sgd --nesterov --clip-norm 0.5"
    )
    assert command(Settings(TWO, task="pets")) == "inkgrad train --task pets --seed 42 --epochs 6"


@pytest.mark.parametrize(
    ("start", "told"),
    [
        ("/somewhere/runs/many/model.safetensors", "many/model.safetensors"),
        ("/somewhere/small.safetensors", "small.safetensors"),
        ("twenty", "twenty"),
    ],
)
def test_the_model_it_starts_from_goes_by_its_file_or_its_run(start, told):
    settings = Settings.choose(TWO, {"start": start, "suspicious": "/somewhere/odd.json"})
    assert command(settings).endswith(f"--suspicious odd.json --from {told}")


def test_every_flag_is_a_setting():
    assert set(FLAGS) < set(Settings(TWO).choices())


def test_the_origin_is_read_back():
    settings = Settings(TWO, limit=5)
    origin = origin_of(model(settings=settings.to_dict(), data={"fingerprint": "ab"}))
    assert origin == (settings, "ab")


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"settings": {}},
        {"settings": None, "data": None},
        {"settings": Settings(TWO).to_dict()},
        {"settings": Settings(TWO).to_dict(), "data": []},
        {"settings": Settings(TWO).to_dict(), "data": {"fingerprint": 3}},
        {"settings": Settings(("cat", "owl")).to_dict(), "data": {"fingerprint": "ab"}},
        {"settings": {**Settings(TWO).to_dict(), "limit": "x"}, "data": {"fingerprint": "ab"}},
    ],
)
def test_an_odd_record_tells_nothing(record):
    assert origin_of(model(**record)) is None


def test_a_record_has_no_place():
    fields = {field.name for field in dataclasses.fields(Settings)}
    assert "data" in fields
    settings = Settings(TWO, data="/some/where")
    assert "/some" not in command(settings)


@pytest.mark.usefixtures("surroundings")
def test_googles_drawings_are_attributed(tmp_path):
    write_bucket(tmp_path / "bucket", ("cat", "dog"), 6, seed=1)
    from_bucket = load_drawings(["cat", "dog"], data=tmp_path / "bucket", use_cache=False)
    assert "CC BY 4.0" in from_bucket.attribution
    assert load_drawings(["cat"], limit=2, offline=True, cache=tmp_path).attribution == ""
