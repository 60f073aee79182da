"""OpenVINO, which runs the same ONNX model, in float32."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bench.rivals import installed
from bench.rivals.onnx_net import build
from inkgrad.network import Parameters

__all__ = ["openvino_predictors"]


def openvino_predictors(
    parameters: Parameters, threads: int, x: np.ndarray
) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Return OpenVINO's contestant for batches like `x`; none if it is not installed."""
    if not installed("openvino", "OpenVINO") or not installed("onnx", "OpenVINO"):
        return {}
    import openvino

    core = openvino.Core()
    compiled = core.compile_model(
        core.read_model(build(parameters, len(x))),
        "CPU",
        {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",  # or it takes bfloat16 where the processor has it
        },
    )
    request = compiled.create_infer_request()

    def predict(x: np.ndarray) -> np.ndarray:
        return request.infer([x], share_inputs=True, share_outputs=True)[0]

    return {"OpenVINO": predict}
