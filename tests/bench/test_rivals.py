"""The rivals are the same networks: same outputs from the same weights, same learning."""

from __future__ import annotations

import dataclasses
import functools
import os
import subprocess
import sys

import numpy as np
import pytest
from bench.environment import MAX_ISA
from bench.inference import check_predictors
from bench.job import Job, Torch, write_doodles
from bench.machine import has_instructions
from bench.networks import NETWORKS, pictures
from bench.ours import OurTrainer
from bench.pool import batches_of, pool
from bench.rivals.jax_net import LAYERS as JAX_LAYERS
from bench.rivals.jax_net import jax_trainers
from bench.rivals.numpy_net import numpy_trainers
from bench.rivals.onnx_net import onnx_predictors
from bench.rivals.openvino_net import openvino_predictors
from bench.rivals.torch_net import TorchTrainer, torch_predictors, torch_trainers
from bench.trainers import check_alike, comparable
from bench.training import check_comparable

from inkgrad.engines import ReferenceEngine
from inkgrad.fold import fold
from inkgrad.layers import (
    LAYERS,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    LeakyReLU,
    MaxPool2D,
    Parallel,
    ReLU,
)
from inkgrad.network import Network, Parameters, seed_network
from tests.bench.conftest import need
from tests.networks import any_network, random_batch, random_parameters


def compare(network: Network, make) -> None:
    """Let a rival and the reference learn the same."""
    first = network.initialise(seed=1)
    batches = list(batches_of(*pictures(network, *pool(24)), 8))
    if comparable(first, 8) is not first:
        check_comparable(functools.partial(make, threads=1), first, batches)
        return
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


PLAIN = [
    name
    for name, network in NETWORKS.items()
    if all(isinstance(layer, JAX_LAYERS) for layer in network.layers)
]


@pytest.mark.oracle
@pytest.mark.parametrize("name", PLAIN)
def test_jax_learns_the_same(name):
    need("jax")
    compare(NETWORKS[name], jax_trainers)


def test_jax_leaves_other_layers_out():
    assert set(NETWORKS) - set(PLAIN) == {
        *("tiny", "sketch", "sketch-wide", "residual", "depthwise")
    }
    assert jax_trainers(NETWORKS["sketch"].initialise(), 1) == {}


@pytest.mark.oracle
@pytest.mark.parametrize("seed", range(60))
def test_torch_has_every_layer_in_every_setting(seed):
    """Random networks, with running statistics of their own: the same logits in inference mode."""
    need("torch")
    rng = np.random.default_rng(seed)
    network = any_network(rng)
    parameters = random_parameters(network, rng)
    x, _ = random_batch(network, 3, rng)
    ours = ReferenceEngine(network).forward(parameters, x)
    for layout in ("", ", channels last"):
        theirs = TorchTrainer(parameters, layout).logits(x)
        np.testing.assert_allclose(theirs, ours, rtol=1e-9, atol=1e-9)


BRANCH = [Conv2D(3, 3, padding=1, bias=False), BatchNorm(), LeakyReLU(0.2)]
EVERY_LAYER = Network(
    [
        Conv2D(4, (3, 2), stride=(1, 2), padding=((0, 2), (1, 0)), bias=False),
        BatchNorm(6, momentum=0.3, epsilon=1e-3),
        ReLU(),
        Conv2D(6, 3, padding=2, dilation=2, groups=2),
        AveragePool2D(2, 1),
        Parallel([BRANCH, [Conv2D(3, 1)]]),
        Parallel([BRANCH, [], [MaxPool2D(3, 1, padding=1)]], join="concatenate"),
        MaxPool2D((3, 2), padding=(2, 1)),
        Parallel([[GlobalAveragePool()], [Flatten(), Dense(5), BatchNorm()]], join="concatenate"),
        Dropout(0.4),
        Dense(5),
    ],
    (2, 9, 8),
)


@pytest.mark.oracle
def test_torch_learns_the_same_with_every_layer():
    need("torch")
    kinds = {type(layer) for layer in _flat(EVERY_LAYER.layers)}
    assert kinds == set(LAYERS.values())  # a new layer takes part, too
    compare(EVERY_LAYER, torch_trainers)


def _flat(layers):
    for layer in layers:
        yield layer
        if isinstance(layer, Parallel):
            for row in layer.branches:
                yield from _flat(row)


@pytest.mark.oracle
def test_torch_trains_as_is_usual_there():
    """Its batch norm takes the whole batch, its dropout drops; logits are of inference mode."""
    need("torch")
    network = Network([Flatten(), BatchNorm(2), Dropout(0.5), Dense(3)], (1, 2, 2))
    trainer = TorchTrainer(network.initialise())
    x = np.random.default_rng(0).normal(size=(64, 1, 2, 2)).astype(np.float32)
    before = trainer.logits(x)
    assert (trainer.logits(x) == before).all()
    trainer.step(trainer.take(x, np.zeros(64, np.int64)))
    state = trainer._network.state_dict()
    mean = 0.1 * x.reshape(64, 4).mean(axis=0)
    np.testing.assert_allclose(state["1.running_mean"].numpy(), mean, rtol=1e-4, atol=1e-7)
    assert trainer._network[2].p == 0.5
    assert trainer._network.training
    trainer.restart()
    assert (trainer.logits(x) == before).all()


@pytest.mark.oracle
@pytest.mark.parametrize("wrong", ["momentum", "epsilon"])
def test_a_norm_with_other_settings_is_found_out(wrong):
    need("torch")
    first = EVERY_LAYER.initialise(seed=1)

    def liar(parameters, **_):
        layers = list(parameters.network.layers)
        layers[1] = dataclasses.replace(layers[1], **{wrong: 0.31})
        other = Network(layers, EVERY_LAYER.input_shape)
        return torch_trainers(Parameters(other, parameters.vector), 1)

    batches = list(batches_of(*pictures(EVERY_LAYER, *pool(24)), 8))
    with pytest.raises(ValueError, match="PyTorch eager does not compute the same: after"):
        check_comparable(liar, first, batches)


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


RUNTIMES = pytest.mark.parametrize(
    ("module", "make"), [("onnxruntime", onnx_predictors), ("openvino", openvino_predictors)]
)


@pytest.mark.oracle
@RUNTIMES
@pytest.mark.parametrize("name", ["tiny", "sketch", "residual", "depthwise"])
def test_runtimes_say_the_same_of_folded_networks(name, module, make):
    need(module)
    network = NETWORKS[name]
    parameters = random_parameters(network, np.random.default_rng(1), np.float32)
    x, _ = pictures(network, *pool(24))
    _, folded = fold(network, parameters)
    assert folded.network != network
    check_predictors(make(folded, 1, x[:4]), parameters, [x[:4], x[4:8]])


@pytest.mark.oracle
@RUNTIMES
@pytest.mark.parametrize("seed", range(20))
def test_runtimes_have_every_layer_in_every_setting(seed, module, make):
    """Without folding, too: batch norm and dropout as in inference mode."""
    need(module)
    rng = np.random.default_rng(seed)
    network = EVERY_LAYER if seed == 0 else any_network(rng)
    parameters = random_parameters(network, rng, np.float32)
    x, _ = random_batch(network, 3, rng, np.float32)
    check_predictors(make(parameters, 1, x), parameters, [x])


@pytest.mark.oracle
def test_the_torch_script_learns_from_the_same_files(tmp_path):
    need("torch")
    write_doodles(tmp_path, ("cat", "zebra"), 320)
    job = Job(tmp_path, ("cat", "zebra"), limit=300, epochs=12, threads=1)
    torch = Torch(job, tmp_path)
    torch.make_ready(0)
    torch.run(0)
    assert 0.8 < torch.accuracy(0) <= 1


LIMITED = """
import numpy, torch, jax
from inkgrad.engines.cpu.simd import LANES
print(LANES, torch.backends.cpu.get_cpu_capability())
print(numpy.show_config("dicts")["SIMD Extensions"]["found"])
with torch.backends.mkl.verbose(1), torch.backends.mkldnn.verbose(1):
    torch.nn.Linear(3, 4)(torch.randn(2, 3))
    torch.nn.Conv2d(8, 8, 3)(torch.randn(2, 8, 9, 9))
print(jax.jit(lambda x: x + 1)(numpy.ones(3)).sum())
"""


@pytest.mark.oracle
@pytest.mark.skipif(not has_instructions("avx512f"), reason="there is nothing to limit")
def test_libraries_keep_to_an_instruction_set():
    for module in ("torch", "jax"):
        need(module)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED],
        env={**os.environ, **MAX_ISA["avx2"]},
        capture_output=True,
        text=True,
        check=True,
    )
    first, second, *rest = done.stdout.splitlines()
    assert first == "8 AVX2"
    assert "AVX512" not in second
    assert "V4" not in second
    told = "".join(rest)
    assert "MKL_VERBOSE" in told
    assert "isa:Intel AVX2" in told  # by oneDNN
    assert "AVX-512" not in told
    assert rest[-1] == "6.0"


@pytest.mark.oracle
@pytest.mark.skipif(not has_instructions("avx512f"), reason="there is nothing to limit")
@pytest.mark.parametrize(("variables", "kind"), [({}, "avx512"), (MAX_ISA["avx2"], "avx2")])
def test_openvino_keeps_to_an_instruction_set(variables, kind):
    need("openvino")
    script = """
import openvino
from bench.rivals.onnx_net import build
from inkgrad.network import seed_network
model = openvino.Core().read_model(build(seed_network().initialise(), 8))
graph = openvino.compile_model(model, "CPU").get_runtime_model()
print(*(op.get_rt_info()["primitiveType"].astype(str) for op in graph.get_ops()))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    kinds = {part for word in done.stdout.split() for part in word.split("_") if "avx" in part}
    assert kinds == {kind}
