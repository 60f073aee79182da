"""Inference: ours beside ONNX Runtime, OpenVINO and PyTorch, in float32 and in less."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from bench.networks import NETWORKS, pictures
from bench.ours import OurTrainer, best_engine, engines, our_predictor, start_engine
from bench.pairs import seconds_by_turns
from bench.pool import batches_of, pool
from bench.rivals.onnx_net import onnx_predictors
from bench.rivals.openvino_net import openvino_predictors
from bench.rivals.torch_net import torch_predictors
from bench.throughput import TORCH, throughput_rows
from inkgrad.engines import ReferenceEngine
from inkgrad.errors import InkgradError
from inkgrad.fold import fold
from inkgrad.network import Network, Parameters, seed_network

__all__ = ["RIVALS", "SEED", "bench_inference", "check_predictors", "network_names"]

SEED = "seed"
"""The seed network's name here; other networks have theirs of `bench.networks`."""

Predictor = Callable[[np.ndarray], np.ndarray]

RIVALS: tuple[Callable[..., Mapping[str, Predictor]], ...] = (
    onnx_predictors,
    openvino_predictors,
    torch_predictors,
)
"""Each is given the weights, the number of threads and a batch, and returns contestants.

The network is folded for everyone: see `inkgrad.fold`. Ours fold it themselves.
"""

TOLERANCE = 1e-4
"""How far a probability may lie from the reference engine's."""

LESS = {"int8": 0.1, "bfloat16": 0.1}
"""How far where less than float32 is computed in, by how the contestant's name ends."""


def network_names() -> list[str]:
    """Return the names of the networks that can be measured."""
    return [SEED, *NETWORKS]


def bench_inference(
    settings: list[tuple[int, int]],
    *,
    network: str = SEED,
    rounds: int,
    seconds_a_turn: float,
    on_round: Callable[[int], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Measure how fast an array of drawings becomes an array of probabilities.

    The network has learnt from the doodles a little, as how much of it stays silent depends on
    that. Drawings take turns. Before that it is checked that all say the same.

    Parameters
    ----------
    settings : list of (int, int)
        Batch sizes, and by how many threads each.
    network : str
        One of `network_names`.

    Returns
    -------
    rows : list of dict
        As `throughput_rows` makes them, with ``network`` and ``microseconds`` a call (median), for
        ours ``ratio_to_best_torch`` and ``ratio_to_onnxruntime``.
    """
    shape = seed_network() if network == SEED else NETWORKS[network]
    x, labels = pictures(shape, *pool())
    parameters = _trained(shape, x, labels)
    _, folded = fold(shape, parameters)
    rows = []
    for batch, threads in settings:
        batches = [x for x, _ in batches_of(x, labels, batch)]
        with _blas_threads(threads):
            predictors = dict(_ours(parameters, threads))
            for make in RIVALS:
                predictors.update(make(folded, threads, batches[0]))
            check_predictors(predictors, parameters, batches[:3])
            seconds = seconds_by_turns(
                {name: _in_turn(predict, batches) for name, predict in predictors.items()},
                rounds=rounds,
                seconds_a_turn=seconds_a_turn,
                on_round=on_round,
            )
        compared = {"ratio_to_best_torch": TORCH, "ratio_to_onnxruntime": "ONNX Runtime"}
        for row in throughput_rows(
            seconds, batch=batch, threads=threads, compared_with=compared, network=network
        ):
            rows.append({**row, "microseconds": 1e6 * batch / row["drawings_per_s"]})
    return rows


def _trained(network: Network, x: np.ndarray, labels: np.ndarray) -> Parameters:
    """Return a network's weights after one pass over the doodles."""
    first = network.initialise(seed=0)
    trainer = OurTrainer(start_engine(best_engine(), network, 1), first)
    for batch in batches_of(x, labels, 64):
        trainer.step(batch)
    return trainer.parameters


def _ours(parameters: Parameters, threads: int) -> Iterator[tuple[str, Predictor]]:
    """Yield our contestants: every engine, and the fastest in int8, where it can."""
    for name in engines():
        engine = start_engine(name, parameters.network, threads)
        yield f"inkgrad {name}", our_predictor(engine, parameters)
        if name == best_engine():
            with contextlib.suppress(InkgradError):  # nothing of the network can be
                yield f"inkgrad {name} int8", our_predictor(engine, parameters, "int8")


def check_predictors(
    predictors: Mapping[str, Predictor], parameters: Parameters, batches: list[np.ndarray]
) -> None:
    """Make sure that all say the same of some batches.

    Raises
    ------
    ValueError
        If a probability is further from the reference engine's than `TOLERANCE`; where a
        contestant computes in less than float32, than `LESS` says.
    """
    reference = ReferenceEngine(parameters.network)
    for x in batches:
        truth = reference.predict(parameters, x)
        for name, predict in predictors.items():
            difference = float(np.abs(predict(x) - truth).max())
            if not difference <= LESS.get(name.rpartition(" ")[2], TOLERANCE):
                raise ValueError(
                    f"{name} does not say the same: a probability is off by {difference:.1e}; its "
                    "figures would mean nothing"
                )


def _in_turn(predict: Predictor, batches: list[np.ndarray]) -> Callable[[], np.ndarray]:
    """Return what predicts the next batch a call, and so on in a circle."""
    following = itertools.cycle(batches).__next__
    return lambda: predict(following())


@contextlib.contextmanager
def _blas_threads(threads: int) -> Iterator[None]:
    """Hold NumPy's matrix products to so many threads, where threadpoolctl is installed."""
    if importlib.util.find_spec("threadpoolctl") is None:
        yield
        return
    from threadpoolctl import threadpool_limits

    with threadpool_limits(threads, user_api="blas"):
        yield
