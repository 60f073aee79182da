"""Softmax and cross-entropy: see `inkgrad.layers.softmax` for the mathematics."""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.engines.cpu.compiling import kernel

__all__ = ["softmax_cross_entropy"]


@kernel
def softmax_cross_entropy(
    layer: Any,
    f: Any,
    settings: Any,
    labels: Any,
    outputs: Any,
    losses: Any,
    first: int,
    last: int,
) -> None:
    """Finish drawings first … last−1, whose logits stand in the last dense layer's output.

    Writes the logits or the probabilities to `outputs`; when teaching also each drawing's loss, and
    dL/dlogits = (p − t)/n over the logits. A label of −1 is of no class: its target is uniform.
    """
    classes = layer.outputs
    for n in range(first, last):
        z = layer.output + n * layer.output_step
        if settings.keeps_logits:
            for k in range(classes):
                outputs[n * classes + k] = f[z + k]
        if not (settings.teaches or settings.gives_probabilities):
            continue
        highest = f[z]
        for k in range(1, classes):
            highest = max(highest, f[z + k])
        total = np.float32(0)
        for k in range(classes):
            total += np.exp(f[z + k] - highest)
        log_total = np.log(total)
        loss = 0.0
        others = (1.0 if labels[n] < 0 else settings.smoothing) / classes
        for k in range(classes):
            log_p = f[z + k] - highest - log_total
            p = np.exp(log_p)
            if settings.gives_probabilities:
                outputs[n * classes + k] = p
            if settings.teaches:
                target = others + (1.0 - settings.smoothing if k == labels[n] else 0.0)
                loss -= target * log_p
                f[z + k] = np.float32((p - target) / settings.batch)
        if settings.teaches:
            losses[n] = loss
