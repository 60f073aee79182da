"""ONNX: our network as a model file in memory, and ONNX Runtime, which runs it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bench.rivals import installed
from inkgrad.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU
from inkgrad.network import Parameters

__all__ = ["build", "onnx_predictors"]

_OPSET, _IR = 17, 8  # what every runtime of the last years reads


def build(parameters: Parameters, batch: int) -> bytes:
    """Return the network with its weights, and softmax at the end, for one batch size.

    The input is called ``x``, the output ``probabilities``.
    """
    from onnx import TensorProto, helper, numpy_helper

    network = parameters.network
    nodes, tensors = [], []

    def add(kind: str, name: str, inputs: list[str], output: str, **attributes: object) -> None:
        nodes.append(helper.make_node(kind, inputs, [output], name=name, **attributes))

    value = "x"
    for stage in network.stages:
        layer, name, inputs = stage.layer, stage.name, [value]
        for short, array in parameters.of(stage).items():
            inputs.append(f"{name}.{short}")
            tensors.append(numpy_helper.from_array(np.ascontiguousarray(array), inputs[-1]))
        value = f"{name}.output"
        if isinstance(layer, Conv2D):
            pads = [*layer.padding, *layer.padding]
            shape = {"kernel_shape": list(layer.size), "strides": list(layer.stride)}
            add("Conv", name, inputs, value, pads=pads, **shape)
        elif isinstance(layer, MaxPool2D):
            shape = {"kernel_shape": list(layer.size), "strides": list(layer.stride)}
            add("MaxPool", name, inputs, value, **shape)
        elif isinstance(layer, Dense):
            add("Gemm", name, inputs, value)
        else:
            add({ReLU: "Relu", Flatten: "Flatten"}[type(layer)], name, inputs, value)
    add("Softmax", "softmax", [value], "probabilities", axis=-1)
    graph = helper.make_graph(
        nodes,
        "inkgrad",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, *network.input_shape])],
        [
            helper.make_tensor_value_info(
                "probabilities", TensorProto.FLOAT, [batch, *network.output_shape]
            )
        ],
        tensors,
    )
    opset = [helper.make_opsetid("", _OPSET)]
    return helper.make_model(graph, opset_imports=opset, ir_version=_IR).SerializeToString()


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
