"""All that a model card is made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkgrad.insight.evaluation import Evaluation
from inkgrad.insight.rejection import Rejection
from inkgrad.insight.robustness import Robustness
from inkgrad.layers import Array
from inkgrad.model import Model

__all__ = ["Known", "Making"]


@dataclass(frozen=True)
class Making:
    """How a training went on its machine: what no model file tells, as its bytes are the same.

    Attributes
    ----------
    seconds : float
        From the first step to the last, over all sessions.
    machine : str
        Processor, cores, system and versions, in one line.
    """

    seconds: float
    machine: str


@dataclass(frozen=True, eq=False)
class Known:
    """All that a card is made from.

    Attributes
    ----------
    model : Model
    evaluation : Evaluation
    part : "test" or "all"
        Which of the drawings it was measured on: held out from training, or all there are.
    source : str
        Where these came from, in one line.
    bitmaps, labels, probabilities : arrays
        The drawings, what they are, and what the model says of them.
    attribution : str
        What must be said of the drawings wherever they are shown; empty for one's own.
    built_in : bool
        Whether they are doodles of a program.
    robustness : Robustness, optional
    robustness_command : str
        The command that measures it.
    making : Making, optional
    rejection : Rejection, optional
        How well the model notices what is none of its classes.
    """

    model: Model
    evaluation: Evaluation
    part: str
    source: str
    bitmaps: NDArray[np.uint8]
    labels: NDArray[np.int64]
    probabilities: Array
    attribution: str = ""
    built_in: bool = False
    robustness: Robustness | None = None
    robustness_command: str = ""
    making: Making | None = None
    rejection: Rejection | None = None
