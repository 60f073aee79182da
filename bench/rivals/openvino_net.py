"""OpenVINO, which runs the same ONNX model, in float32 and in bfloat16."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.rivals import installed
from bench.rivals.onnx_net import build
from inkgrad.network import Parameters

__all__ = ["openvino_predictors"]


def openvino_predictors(
    parameters: Parameters, threads: int, x: np.ndarray
) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Return OpenVINO's contestants for batches like `x`; none if it is not installed.

    Where the processor has instructions for bfloat16, one computes in that.
    """
    if not installed("openvino", "OpenVINO") or not installed("onnx", "OpenVINO"):
        return {}
    import openvino

    core = openvino.Core()
    precisions = {"OpenVINO": "f32"}
    if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        precisions["OpenVINO bfloat16"] = "bf16"
    return {
        name: _predictor(core, build(parameters, len(x)), threads, precision)
        for name, precision in precisions.items()
    }


def _predictor(
    core: Any, model: bytes, threads: int, precision: str
) -> Callable[[np.ndarray], np.ndarray]:
    compiled = core.compile_model(
        core.read_model(model),
        "CPU",
        {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": precision,
        },
    )
    request = compiled.create_infer_request()

    def predict(x: np.ndarray) -> np.ndarray:
        result: np.ndarray = request.infer([x], share_inputs=True, share_outputs=True)[0]
        return result

    return predict
