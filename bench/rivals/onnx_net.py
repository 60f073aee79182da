"""ONNX: any network of ours as a model file in memory, and ONNX Runtime, which runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bench.rivals import installed
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

__all__ = ["build", "onnx_predictors"]

_OPSET, _IR = 17, 8  # what every runtime of the last years reads


def build(parameters: Parameters, batch: int) -> bytes:
    """Return the network with its weights, and softmax at the end, for one batch size.

    It answers, as in inference mode. The input is called ``x``, the output ``probabilities``.
    """
    from onnx import TensorProto, helper

    network = parameters.network
    graph = _Graph()
    logits = graph.row(network.stages, "x", parameters.numbers)
    graph.add("Softmax", "probabilities", [logits], axis=-1)
    made = helper.make_graph(
        graph.nodes,
        "inkgrad",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, *network.input_shape])],
        [
            helper.make_tensor_value_info(
                "probabilities", TensorProto.FLOAT, [batch, *network.output_shape]
            )
        ],
        graph.tensors,
    )
    opset = [helper.make_opsetid("", _OPSET)]
    return helper.make_model(made, opset_imports=opset, ir_version=_IR).SerializeToString()


class _Graph:
    """Nodes and weights of a model; each value has the name of the node that gives it."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.tensors: list[Any] = []

    def add(self, kind: str, name: str, inputs: Sequence[str], **attributes: object) -> str:
        """Add a node; return its value."""
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def row(
        self,
        stages: Sequence[Stage],
        value: str,
        numbers: Mapping[str, np.ndarray],
        prefix: str = "",
    ) -> str:
        """Add layers in a row that begin with a value; return the last one's value."""
        for stage in stages:
            name = f"{prefix}{stage.name}"
            if isinstance(stage.layer, Parallel):
                rows = stage.layer.rows(stage.input_shape)
                ends = [
                    self.row(row, value, numbers, f"{name}.{k}.")
                    for k, row in enumerate(rows, start=1)
                ]
                joined: dict[str, Any] = {} if stage.layer.join == "add" else {"axis": 1}
                value = self.add("Concat" if joined else "Sum", name, ends, **joined)
            elif not isinstance(stage.layer, Dropout):  # which does nothing here
                value = self.layer(stage, name, value, numbers)
        return value

    def layer(self, stage: Stage, name: str, value: str, numbers: Mapping[str, np.ndarray]) -> str:
        """Add a layer; return its value."""
        from onnx import numpy_helper

        inputs = [value]
        for short in (*stage.parameter_shapes, *stage.state_shapes):
            array = np.ascontiguousarray(numbers[f"{name}.{short}"])
            inputs.append(f"{name}.{short}")
            self.tensors.append(numpy_helper.from_array(array, inputs[-1]))
        if isinstance(stage.layer, GlobalAveragePool):
            mean = self.add("GlobalAveragePool", f"{name}.mean", inputs)  # (n, C, 1, 1)
            return self.add("Flatten", name, [mean])
        return self.add(_OPERATORS[type(stage.layer)], name, inputs, **_attributes(stage.layer))


_OPERATORS: dict[type[Layer], str] = {
    AveragePool2D: "AveragePool",
    BatchNorm: "BatchNormalization",
    Conv2D: "Conv",
    Dense: "Gemm",
    Flatten: "Flatten",
    LeakyReLU: "LeakyRelu",
    MaxPool2D: "MaxPool",
    ReLU: "Relu",
}


def _attributes(layer: Layer) -> dict[str, Any]:
    """Return a layer's settings by ONNX's names."""
    if isinstance(layer, BatchNorm):
        return {"epsilon": layer.epsilon}
    if isinstance(layer, LeakyReLU):
        return {"alpha": layer.slope}
    if not isinstance(layer, (AveragePool2D, Conv2D, MaxPool2D)):
        return {}
    window = {"kernel_shape": list(layer.size), "strides": list(layer.stride)}
    if isinstance(layer, AveragePool2D):
        return window
    (top, bottom), (left, right) = both_sides(layer.padding, "padding")
    window["pads"] = [top, left, bottom, right]
    if isinstance(layer, MaxPool2D):
        return window
    return {**window, "dilations": list(layer.dilation), "group": layer.groups}


def onnx_predictors(
    parameters: Parameters, threads: int, x: np.ndarray
) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Return ONNX Runtime's contestant for batches like `x`; none if it is not installed."""
    if not installed("onnxruntime", "ONNX Runtime") or not installed("onnx", "ONNX Runtime"):
        return {}
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        build(parameters, len(x)), options, providers=["CPUExecutionProvider"]
    )
    outputs = ["probabilities"]
    return {"ONNX Runtime": lambda x: session.run(outputs, {"x": x})[0]}
