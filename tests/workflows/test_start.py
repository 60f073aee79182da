"""Starting from a model: what is taken over, and what is refused."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pytest

import inkgrad
from inkgrad.errors import ModelError
from inkgrad.layers import Dense, Flatten, ReLU
from inkgrad.model import Model
from inkgrad.network import Network, sketch_network
from inkgrad.workflows import train
from inkgrad.workflows.start import name_of_start, start_from

pytestmark = pytest.mark.usefixtures("surroundings")

PETS = "cat,dog"
SMALL = Network([Flatten(), Dense(8), ReLU(), Dense(3)])
quick = functools.partial(train, PETS, epochs=2, batch_size=16)


@pytest.fixture
def start(surroundings):
    """Return a model of three classes, with weights by chance, in start.safetensors."""
    model = Model(SMALL, SMALL.initialise(seed=5), ("dog", "bee", "cat"))
    model.save(Path("start.safetensors"))
    return model


def test_known_classes_keep_their_weights_and_others_are_new(start):
    first = start_from("start.safetensors", ["cat", "owl", "dog", "ant"], seed=1)
    old = start.parameters
    for name in ("dense1.weight", "dense1.bias"):
        np.testing.assert_array_equal(first[name], old[name])
    np.testing.assert_array_equal(
        first["dense2.weight"][:, [0, 2]], old["dense2.weight"][:, [2, 0]]
    )
    np.testing.assert_array_equal(first["dense2.bias"][[0, 2]], old["dense2.bias"][[2, 0]])
    chance = first.network.initialise(seed=1)
    np.testing.assert_array_equal(
        first["dense2.weight"][:, [1, 3]], chance["dense2.weight"][:, [1, 3]]
    )


def test_what_was_measured_is_taken_too(surroundings):
    network = sketch_network(2)
    parameters = network.initialise(seed=0)
    parameters.statistics.vector[:] = np.arange(1, network.statistics_size + 1)
    Model(network, parameters, ("cat", "dog")).save(Path("normed.safetensors"))
    first = start_from("normed.safetensors", ["dog", "cat", "owl"])
    np.testing.assert_array_equal(first.statistics.vector, parameters.statistics.vector)


def test_a_run_starts_from_it_and_says_so(start, doodle_folder):
    barely = {"data": doodle_folder, "learning_rate": 1e-9, "seed": 3}
    trained = quick(out="run", start="start.safetensors", **barely)
    first = start_from("start.safetensors", ("cat", "dog"), seed=3)
    model = inkgrad.load("run/model.safetensors")
    assert model.network == first.network
    np.testing.assert_allclose(model.parameters["dense1.weight"], first["dense1.weight"], atol=1e-6)
    assert trained.settings.start == str(Path("start.safetensors").resolve())
    assert model.record["settings"]["start"] == "start.safetensors"
    assert "--from start.safetensors" in model.record["command"]
    assert "--network" not in model.record["command"]


def test_such_a_run_goes_on_to_the_same_bytes(start, doodle_folder):
    steps = []

    def stop(event):
        steps.append(event)
        if len(steps) == 3:
            raise KeyboardInterrupt

    chosen = {"data": doodle_folder, "start": "start.safetensors"}
    quick(out="whole", **chosen)
    with pytest.raises(KeyboardInterrupt):
        quick(out="parts", on_event=stop, **chosen)
    quick(out="parts", resume=True)
    one, two = (Path(name, "model.safetensors").read_bytes() for name in ("whole", "parts"))
    assert one == two


def test_a_run_that_had_not_begun_starts_from_it_when_resumed(start, doodle_folder):
    chosen = {"data": doodle_folder, "start": "start.safetensors"}
    quick(out="whole", **chosen)
    quick(out="parts", **chosen)
    run = Path("parts/run.json")
    run.write_text(run.read_text().replace('"finished"', '"begun"'))
    for name in ("model.safetensors", "checkpoint-last.safetensors"):
        Path("parts", name).unlink()
    quick(out="parts", resume=True)
    one, two = (Path(name, "model.safetensors").read_bytes() for name in ("whole", "parts"))
    assert one == two


def test_what_does_not_fit_is_refused(start, doodle_folder):
    with pytest.raises(ModelError, match="another network than the one"):
        quick(data=doodle_folder, out="run", start="start.safetensors", network="tiny")
    with pytest.raises(ModelError, match=r"there is no model file .*nowhere"):
        quick(data=doodle_folder, out="run", start="nowhere.safetensors")
    endless = Network([Flatten(), Dense(2), ReLU()])
    Model(endless, endless.initialise(), ("cat", "dog")).save(Path("relu.safetensors"))
    with pytest.raises(ModelError, match="the network ends in ReLU"):
        start_from("relu.safetensors", ["cat", "dog"])
    assert not Path("run").exists() or not list(Path("run").iterdir())


def test_a_file_is_named_by_its_path_and_a_packaged_model_by_its_name(surroundings):
    assert name_of_start("animals") == "animals"
    Path("animals").touch()
    assert name_of_start("animals") == str(Path("animals").resolve())
