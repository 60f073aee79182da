"""Networks by name and from files: what is described is trained, and mistakes name the layer."""

from __future__ import annotations

import json

import numpy as np
import pytest

import inkgrad
from inkgrad.errors import DataError, InkgradError
from inkgrad.layers import AveragePool2D, Conv2D, Dense, GlobalAveragePool, LeakyReLU
from inkgrad.network import Network, seed_network
from inkgrad.workflows import Settings, find_network, info, train
from inkgrad.workflows.run import read_run

MODERN = Network(
    [
        Conv2D(6, 3, padding=((0, 1), (1, 0)), bias=False),
        LeakyReLU(0.1),
        AveragePool2D(2),
        Conv2D(6, 3, groups=3, dilation=2),
        GlobalAveragePool(),
        Dense(2),
    ]
)


@pytest.fixture
def described(tmp_path):
    path = tmp_path / "modern.json"
    path.write_text(json.dumps(MODERN.to_config()))
    return path


@pytest.fixture
def drawings(tmp_path):
    """Return a folder with strokes of two classes."""
    rng = np.random.default_rng(0)
    for name, steep in (("flat", 0), ("steep", 1)):
        folder = tmp_path / "mine" / name
        folder.mkdir(parents=True)
        for k in range(12):
            end = [int(n) for n in rng.integers(200, 256, 2)]
            across, down = (9, end[1]) if steep else (end[0], 9)
            line = [[0, 3, 5, across], [0, 2, 7, down]]
            (folder / f"{k}.json").write_text(json.dumps([line]))
    return tmp_path / "mine"


def test_by_name():
    assert find_network("seed") == seed_network()
    assert find_network("seed", classes=20) == seed_network(20)


def test_what_info_prints_is_a_network_file(described, tmp_path):
    assert find_network(described) == MODERN
    facts = info(network=described)
    assert facts["network"] == MODERN.to_config()
    assert facts["parameters"] == MODERN.size
    (tmp_path / "info.json").write_text(json.dumps(facts))
    assert find_network(tmp_path / "info.json", classes=2) == MODERN
    assert Network.from_config(info()["network"]) == seed_network()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1, 2", "modern.json: .*; a network is described in JSON"),
        ("\xff\xfe", "modern.json is not text"),
        ("[]", "modern.json: the network's description needs 'input_shape'"),
        (
            '{"input_shape": [1, 28, 28], "layers": [{"type": "Flatten"}, {"type": "Dense"}]}',
            r"modern.json: layer 2 \(Dense\) takes the settings \(outputs\), but is given \(\)",
        ),
        (
            '{"input_shape": [1, 28, 28], "layers": [{"type": "Flatten"}, {"type": "Norm"}]}',
            "modern.json: layer 2 has the type 'Norm'; there are AveragePool2D, ",
        ),
        (
            '{"input_shape": [1, 1, 1], "layers": [{"type": "MaxPool2D", "size": 2}]}',
            r"modern.json: layer 1 \(pool1\): a 2×2 pool needs at least 2×2 cells",
        ),
        (
            '{"input_shape": [1, 28, 28], "layers": [{"type": "Dense", "outputs": 2}]}',
            r"modern.json: layer 1 \(dense1\): a dense layer needs one row of numbers",
        ),
        (
            '{"input_shape": [1, 2, 2], "layers": [{"type": "Flatten"}]}',
            r"modern.json: the last layer \(flatten1\) gives \(4\), but there are 2 classes",
        ),
    ],
)
def test_mistakes_name_the_file_and_the_layer(described, drawings, content, message):
    described.write_bytes(content.encode("latin-1") if "\xff" in content else content.encode())
    with pytest.raises(InkgradError, match=message):
        train(data=drawings, network=described, out=described.parent / "run")
    assert not (described.parent / "run" / "run.json").exists()


def test_what_is_no_network_is_said(tmp_path):
    with pytest.raises(InkgradError, match="no network or file 'sead'; choose one of seed, tiny"):
        find_network("sead")
    (tmp_path / "large.json").write_bytes(b" " * 1_000_001)
    with pytest.raises(DataError, match="1,000,001 bytes, but a description of a network takes"):
        find_network(tmp_path / "large.json")
    with pytest.raises(InkgradError, match="name one of them"):
        info("twenty", network="seed")


def test_a_described_network_is_trained_kept_and_resumed(described, drawings, tmp_path):
    choices = {"epochs": 2, "seed": 3, "engine": "reference"}
    whole = train(data=drawings, network=described, out=tmp_path / "whole", **choices)
    assert whole.model.network == MODERN
    settings, _ = read_run(tmp_path / "whole")
    assert settings.network == MODERN.to_config()
    assert settings.make_network() == MODERN
    assert Settings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings
    loaded = inkgrad.load(tmp_path / "whole" / "model.safetensors")
    assert loaded.network == MODERN
    assert loaded.record["settings"]["network"] == MODERN.to_config()

    described.unlink()  # the run knows its network by itself

    again = train(resume=True, out=tmp_path / "whole")
    assert again.stopped == "finished already"
    other = tmp_path / "other.json"
    other.write_text(json.dumps(seed_network(2).to_config()))
    with pytest.raises(InkgradError, match="trains another network; leave the network out"):
        train(resume=True, out=tmp_path / "whole", network=other)


def test_old_runs_have_the_seed_network():
    settings = Settings(("cat", "dog"))
    plain = settings.to_dict()
    assert plain.pop("network") is None
    assert Settings.from_dict(plain).make_network() == seed_network(2)
