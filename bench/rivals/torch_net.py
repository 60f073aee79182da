"""PyTorch: any network of ours in both memory layouts, as it stands and compiled."""

from __future__ import annotations

import copy
import functools
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.rivals import installed, leave_out
from bench.trainers import LEARNING_RATE
from inkgrad.layers import (
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    LeakyReLU,
    MaxPool2D,
    Parallel,
    ReLU,
)
from inkgrad.layers.conv import both_sides
from inkgrad.network import Parameters, Stage

if TYPE_CHECKING:
    import torch

__all__ = ["TorchTrainer", "torch_predictors", "torch_trainers"]

_LAYOUTS = ("", ", channels last")


def torch_trainers(
    first: Parameters, threads: int, batch: tuple[np.ndarray, np.ndarray] | None = None
) -> dict[str, TorchTrainer]:
    """Return PyTorch's contestants by name; none if it is not installed.

    If a batch is given, those too that are compiled for its like; if that fails (it needs a C++
    compiler), they are left out with a line.
    """
    if not installed("torch", "PyTorch"):
        return {}
    import torch

    torch.set_num_threads(threads)
    return {
        **{f"PyTorch eager{layout}": TorchTrainer(first, layout) for layout in _LAYOUTS},
        **_working(
            (f"PyTorch compiled{layout}", functools.partial(_compile_trainer, first, layout, batch))
            for layout in ([] if batch is None else _LAYOUTS)
        ),
    }


def torch_predictors(
    parameters: Parameters, threads: int, x: np.ndarray
) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Return what turns drawings into probabilities, by name; `x` is a batch to make ready for."""
    if not installed("torch", "PyTorch"):
        return {}
    import torch

    torch.set_num_threads(threads)
    return {
        **{f"PyTorch eager{layout}": _predictor(parameters, layout) for layout in _LAYOUTS},
        **_working(
            (
                f"PyTorch compiled{layout}",
                functools.partial(_compile_predictor, parameters, layout, x),
            )
            for layout in _LAYOUTS
        ),
    }


class TorchTrainer:
    """A network in PyTorch, in training."""

    def __init__(self, first: Parameters, layout: str = "", *, compiled: bool = False) -> None:
        import torch

        self._format = _memory_format(layout)
        self._network = build(first).to(memory_format=self._format)
        self._first = copy.deepcopy(self._network.state_dict())
        self._run = _compile(self._network) if compiled else self._network
        self._loss = torch.nn.functional.cross_entropy
        self._adam = torch.optim.Adam(self._network.parameters(), lr=LEARNING_RATE, fused=True)

    def take(self, x: np.ndarray, labels: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Return tensors, the drawings in this contestant's layout."""
        import torch

        inputs = torch.from_numpy(x)
        if x.ndim == 4:
            inputs = inputs.to(memory_format=self._format)
        return inputs, torch.from_numpy(labels)

    def restart(self) -> None:
        """Go back to the first weights."""
        self._network.load_state_dict(self._first)
        for state in self._adam.state.values():
            for tensor in state.values():
                tensor.zero_()

    def step(self, batch: tuple[torch.Tensor, torch.Tensor]) -> None:
        """Learn from one batch."""
        inputs, targets = batch
        self._adam.zero_grad(set_to_none=True)
        self._loss(self._run(inputs), targets).backward()
        self._adam.step()

    def logits(self, x: np.ndarray) -> np.ndarray:
        """Return the outputs (n, classes) in inference mode."""
        inputs, _ = self.take(x, np.zeros(len(x), np.int64))
        try:
            return self._network.eval()(inputs).detach().numpy()
        finally:
            self._network.train()


def build(parameters: Parameters) -> torch.nn.Sequential:
    """Return one of our networks as PyTorch's, with the same weights and running statistics.

    Two layers differ in training, by design: PyTorch's batch norm takes its statistics over the
    whole batch, ours over shards, and each library draws its own numbers for dropout. In inference
    mode both compute the same.
    """
    return _row(parameters.network.stages, parameters.numbers)


def _row(stages: Sequence[Stage], numbers: Mapping[str, np.ndarray]) -> torch.nn.Sequential:
    """Return layers in a row; their numbers are found by name, ``"conv1.weight"``."""
    import torch

    return torch.nn.Sequential(
        *(_layer(stage, _below(f"{stage.name}.", numbers)) for stage in stages)
    )


def _layer(stage: Stage, numbers: Mapping[str, np.ndarray]) -> torch.nn.Module:
    """Return a layer with its own numbers."""
    if isinstance(stage.layer, Parallel):
        rows = stage.layer.rows(stage.input_shape)
        branches = [_row(row, _below(f"{k}.", numbers)) for k, row in enumerate(rows, start=1)]
        return _branches(branches, stage.layer.join)
    if isinstance(stage.layer, Conv2D):
        return _convolution(stage.layer, stage.input_shape[0], numbers)
    if isinstance(stage.layer, BatchNorm):
        return _norm(stage.layer, stage.input_shape, numbers)
    if isinstance(stage.layer, Dense):
        return _dense(numbers)
    return _without_weights(stage.layer)


def _convolution(
    layer: Conv2D, channels: int, numbers: Mapping[str, np.ndarray]
) -> torch.nn.Module:
    """Return a convolution; where padding differs by side, behind a layer that pads."""
    import torch

    (top, bottom), (left, right) = both_sides(layer.padding, "padding")
    alike = (top, left) == (bottom, right)
    made = torch.nn.Conv2d(
        channels,
        layer.filters,
        layer.size,
        layer.stride,
        (top, left) if alike else 0,
        layer.dilation,
        layer.groups,
        layer.bias,
    )
    _load(made, numbers)
    if alike:
        return made
    return torch.nn.Sequential(torch.nn.ZeroPad2d((left, right, top, bottom)), made)


def _norm(
    layer: BatchNorm, shape: tuple[int, ...], numbers: Mapping[str, np.ndarray]
) -> torch.nn.Module:
    """Return batch norm of rows, sequences, images or volumes."""
    import torch

    kinds = (torch.nn.BatchNorm1d, torch.nn.BatchNorm1d, torch.nn.BatchNorm2d, torch.nn.BatchNorm3d)
    made = kinds[len(shape) - 1](shape[0], layer.epsilon, layer.momentum)
    names = {
        "scale": "weight",
        "shift": "bias",
        "mean": "running_mean",
        "variance": "running_var",
    }
    steps = {"num_batches_tracked": np.array(0)}
    _load(made, {**{names[name]: value for name, value in numbers.items()}, **steps})
    return made


def _dense(numbers: Mapping[str, np.ndarray]) -> torch.nn.Module:
    """Return a dense layer; PyTorch's weights are (outputs, inputs)."""
    import torch

    made = torch.nn.Linear(*numbers["weight"].shape)
    _load(made, {**numbers, "weight": numbers["weight"].T})
    return made


def _without_weights(layer: Layer) -> torch.nn.Module:
    """Return a layer that learns nothing."""
    from torch import nn

    if isinstance(layer, MaxPool2D):
        down, across = layer.padding
        if 2 * down <= layer.size[0] and 2 * across <= layer.size[1]:
            return nn.MaxPool2d(layer.size, layer.stride, layer.padding)
        padding = nn.ConstantPad2d((across, across, down, down), -np.inf)
        return nn.Sequential(padding, nn.MaxPool2d(layer.size, layer.stride))
    if isinstance(layer, AveragePool2D):
        return nn.AvgPool2d(layer.size, layer.stride)
    if isinstance(layer, GlobalAveragePool):
        return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    if isinstance(layer, Dropout):
        return nn.Dropout(layer.rate)
    if isinstance(layer, LeakyReLU):
        return nn.LeakyReLU(layer.slope)
    return {ReLU: nn.ReLU, Flatten: nn.Flatten}[type(layer)]()


def _branches(branches: Sequence[torch.nn.Module], join: str) -> torch.nn.Module:
    """Return rows with one input, their outputs added or concatenated."""
    import torch

    class Branches(torch.nn.ModuleList):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            outputs = [branch(x) for branch in self]
            if join == "concatenate":
                return torch.cat(outputs, dim=1)
            return functools.reduce(torch.add, outputs)

    return Branches(branches)


def _load(module: torch.nn.Module, numbers: Mapping[str, np.ndarray]) -> None:
    """Give a module its numbers, all of them and no others, in their dtype."""
    import torch

    tensors = {name: torch.tensor(value) for name, value in numbers.items()}
    module.to(tensors["weight"].dtype).load_state_dict(tensors)


def _below(prefix: str, numbers: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the numbers whose names begin so, by the rest of their names."""
    return {
        name.removeprefix(prefix): value
        for name, value in numbers.items()
        if name.startswith(prefix)
    }


def _memory_format(layout: str) -> torch.memory_format:
    import torch

    return torch.channels_last if layout else torch.contiguous_format


def _predictor(
    parameters: Parameters, layout: str, wrap: Callable[[Any], Any] = lambda network: network
) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from array to array; `wrap` may make the network quicker."""
    import torch

    memory_format = _memory_format(layout)
    network = torch.nn.Sequential(build(parameters), torch.nn.Softmax(1))
    run = wrap(network.eval().to(memory_format=memory_format))

    @torch.inference_mode()
    def predict(x: np.ndarray) -> np.ndarray:
        return run(torch.from_numpy(x).to(memory_format=memory_format)).numpy()

    return predict


def _compile_predictor(
    parameters: Parameters, layout: str, x: np.ndarray
) -> Callable[[np.ndarray], np.ndarray]:
    """Return a compiled `_predictor`: its weights are constants, laid out as kernels like them."""
    predict = _predictor(
        parameters, layout, functools.partial(_compile, options={"freezing": True})
    )
    predict(x)
    return predict


def _compile_trainer(
    first: Parameters, layout: str, batch: tuple[np.ndarray, np.ndarray]
) -> TorchTrainer:
    """Return a compiled `TorchTrainer`."""
    trainer = TorchTrainer(first, layout, compiled=True)
    trainer.step(trainer.take(*batch))
    return trainer


def _compile(network: Any, **options: Any) -> Any:
    """Compile for one batch size: shapes that are known make quicker code."""
    import torch

    torch._dynamo.config.recompile_limit = 1000  # each network and batch size is compiled anew
    return torch.compile(network, dynamic=False, **options)


def _working(candidates: Iterable[tuple[str, Callable[[], Any]]]) -> dict[str, Any]:
    """Return those that can be made, by name."""
    made = {}
    for name, start in candidates:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                made[name] = start()
        except Exception as error:  # whatever the compiler may meet
            leave_out(name, error)
    return made
