"""PyTorch: any network of ours in both memory layouts, as it stands and compiled."""

from __future__ import annotations

import copy
import functools
import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.rivals import installed, leave_out
from bench.trainers import LEARNING_RATE
from inkgrad.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU
from inkgrad.network import Parameters

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
        """Return the outputs (n, classes)."""
        inputs, _ = self.take(x, np.zeros(len(x), np.int64))
        return self._network(inputs).detach().numpy()


def build(parameters: Parameters) -> torch.nn.Sequential:
    """Return one of our networks as PyTorch's, with the same weights."""
    import torch

    layers = []
    for stage in parameters.network.stages:
        layer, given = stage.layer, parameters.of(stage)
        if isinstance(layer, Conv2D):
            shape = (stage.input_shape[0], layer.filters, layer.size)
            made = torch.nn.Conv2d(*shape, stride=layer.stride, padding=layer.padding)
        elif isinstance(layer, Dense):
            made = torch.nn.Linear(stage.input_shape[0], layer.outputs)
            given = {**given, "weight": given["weight"].T}  # (K, I) there
        elif isinstance(layer, MaxPool2D):
            made = torch.nn.MaxPool2d(layer.size, layer.stride)
        else:
            made = {ReLU: torch.nn.ReLU, Flatten: torch.nn.Flatten}[type(layer)]()
        made.load_state_dict({name: torch.tensor(value) for name, value in given.items()})
        layers.append(made)
    return torch.nn.Sequential(*layers)


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
