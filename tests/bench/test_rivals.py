"""The rivals are the same networks: same outputs from the same weights, same learning."""

from __future__ import annotations

import pytest
from bench.inference import check_predictors
from bench.job import Job, Torch, write_doodles
from bench.networks import NETWORKS, pictures
from bench.ours import OurTrainer
from bench.pool import batches_of, pool
from bench.rivals.jax_net import jax_trainers
from bench.rivals.numpy_net import numpy_trainers
from bench.rivals.onnx_net import onnx_predictors
from bench.rivals.openvino_net import openvino_predictors
from bench.rivals.torch_net import torch_predictors, torch_trainers
from bench.trainers import check_alike

from inkgrad.engines import ReferenceEngine
from inkgrad.network import Network, seed_network
from tests.bench.conftest import need


def compare(network: Network, make) -> None:
    """Let a rival and the reference learn the same."""
    first = network.initialise(seed=1)
    batches = list(batches_of(*pictures(network, *pool(24)), 8))
    rivals = make(first, 1)
    assert rivals
    check_alike(rivals, OurTrainer(ReferenceEngine(network), first), batches)


def test_numpy_learns_the_same():
    compare(seed_network(), numpy_trainers)


def test_numpy_has_only_the_seed_network():
    assert numpy_trainers(NETWORKS["one block"].initialise(), 1) == {}


@pytest.mark.oracle
@pytest.mark.parametrize("name", NETWORKS)
def test_torch_learns_the_same(name):
    need("torch")
    compare(NETWORKS[name], torch_trainers)


@pytest.mark.oracle
@pytest.mark.parametrize("name", NETWORKS)
def test_jax_learns_the_same(name):
    need("jax")
    compare(NETWORKS[name], jax_trainers)


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("module", "make"),
    [
        ("torch", torch_predictors),
        ("onnxruntime", onnx_predictors),
        ("openvino", openvino_predictors),
    ],
)
@pytest.mark.parametrize("name", ["345 classes", "stride 2, no pools", "odd: 17 and 33 filters"])
def test_rivals_say_the_same(name, module, make):
    need(module)
    network = NETWORKS[name]
    parameters = network.initialise(seed=1)
    x, _ = pictures(network, *pool(24))
    predictors = make(parameters, 1, x[:4])
    assert predictors
    check_predictors(predictors, parameters, [x[:4], x[4:8]])


@pytest.mark.oracle
def test_the_torch_script_learns_from_the_same_files(tmp_path):
    need("torch")
    write_doodles(tmp_path, ("cat", "zebra"), 320)
    job = Job(tmp_path, ("cat", "zebra"), limit=300, epochs=12, threads=1)
    torch = Torch(job, tmp_path)
    torch.make_ready(0)
    torch.run(0)
    assert 0.8 < torch.accuracy(0) <= 1
