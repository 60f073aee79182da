"""Calibration after training: probabilities that mean what they say, and a threshold."""

from __future__ import annotations

from dataclasses import replace

from inkgrad.confidence import fit_confidence
from inkgrad.layers import Array
from inkgrad.model import Model
from inkgrad.quickdraw import OnProgress
from inkgrad.quickdraw.drawings import Bitmaps, Drawings
from inkgrad.temperature import cooled, fit_temperature
from inkgrad.workflows.judging import judge_logits

__all__ = ["calibrated"]


def calibrated(
    model: Model,
    validation: Drawings,
    outliers: Bitmaps | None = None,
    on_progress: OnProgress | None = None,
) -> Model:
    """Return a model with calibrated probabilities and a confidence.

    The temperature that fits the validation drawings best (`inkgrad.temperature`) is divided into
    the network's last weights, so that whoever reads the model file gets calibrated probabilities.
    Where a network ends in a layer through which no factor passes, it stays 1.

    Parameters
    ----------
    model : Model
        As it was trained. Its logits must be finite.
    validation : Drawings
        Of its classes, which nothing was learnt from. Without any the model is returned as it is.
    outliers : (n, side, side) uint8 array, optional
        Drawings of none of its classes, to find score and threshold by.
    on_progress : callable, optional
        See `inkgrad.workflows.judging.judge`.
    """
    if not len(validation):
        return model
    logits = judge_logits(model, validation.bitmaps, on_progress)
    others: Array | None = None
    if outliers is not None and len(outliers):
        others = judge_logits(model, outliers, on_progress)
    temperature = fit_temperature(logits, validation.labels)
    parameters = cooled(model.parameters, temperature)
    if parameters is None:
        parameters, temperature = model.parameters, 1.0
    confidence = fit_confidence(
        logits / temperature,
        None if others is None else others / temperature,
        temperature=temperature,
    )
    return replace(model, parameters=parameters, confidence=confidence)
