"""An explanation: what of one drawing made a model say what it says, seen in four ways."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from inkgrad.drawing import Strokes, into_frame, rasterize, to_input
from inkgrad.engines import ReferenceEngine
from inkgrad.errors import InkgradError
from inkgrad.fold import fold
from inkgrad.insight.attribution.ablation import (
    Logits,
    falls,
    log_odds,
    occlude,
    occlusion_map,
    patches,
)
from inkgrad.insight.attribution.gradients import cam_place, class_gradient, grad_cam
from inkgrad.insight.attribution.parts import Part, bitmaps_without, parts_of
from inkgrad.insight.readings import read_drawings
from inkgrad.layers import Array
from inkgrad.model import Model

__all__ = ["Explanation", "explain_drawing"]

_GUESSES = 5


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a model takes a drawing for a class, as far as four methods can tell.

    Attributes
    ----------
    class_name : str
        The class that is explained.
    probability : float
        What the model gives it.
    log_odds : float
        The same as log(p / (1 − p)), which the falls below are of.
    guesses : tuple of (str, float)
        The likeliest classes with their probabilities, best first.
    is_rejected : bool
        Whether the model takes the drawing for none of its classes.
    bitmap : (side, side) uint8 array
        The drawing as the network sees it.
    gradient : (side, side) array
        dz/dx, the derivative of the class's logit by each pixel (ink 1 on 0).
    cam : (side, side) array, or None
        Grad-CAM, ≥ 0; None if the network has no convolution with maps.
    cam_layer : str or None
        The layer that `cam` looks at.
    occlusion : (side, side) array
        How much the log-odds fall when paper covers the place: the mean over the patches that do.
    parts : tuple of Part
        What was taken away in turn, in the frame of Google's simplified drawings: each stroke, of
        long ones pieces (see `parts_of`). Empty for bitmaps.
    strokes : (parts,) array
        How much the log-odds fall without each part: positive where it speaks for the class.
    """

    class_name: str
    probability: float
    log_odds: float
    guesses: tuple[tuple[str, float], ...]
    is_rejected: bool
    bitmap: npt.NDArray[np.uint8]
    gradient: Array
    cam: Array | None
    cam_layer: str | None
    occlusion: Array
    parts: tuple[Part, ...]
    strokes: Array

    @property
    def gradient_times_input(self) -> Array:
        """What each pixel's ink adds to the logit, to first order: (side, side)."""
        return np.asarray(self.gradient * (self.bitmap / np.float32(255)))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON; arrays as lists of rows."""
        return {
            "class": self.class_name,
            "probability": self.probability,
            "log_odds": self.log_odds,
            "guesses": [{"class": name, "probability": share} for name, share in self.guesses],
            "is_rejected": self.is_rejected,
            "bitmap": self.bitmap.tolist(),
            "gradient": self.gradient.tolist(),
            "gradient_times_input": self.gradient_times_input.tolist(),
            "cam": None if self.cam is None else self.cam.tolist(),
            "cam_layer": self.cam_layer,
            "occlusion": self.occlusion.tolist(),
            "strokes": [
                {"name": part.name, "fall": fall, "strokes": [s.tolist() for s in part.strokes]}
                for fall, part in zip(self.strokes.tolist(), self.parts, strict=True)
            ],
        }


def explain_drawing(model: Model, drawing: Any, class_name: str | None = None) -> Explanation:
    """Explain what a model says of one drawing: gradient, Grad-CAM, occlusion, strokes.

    Parameters
    ----------
    model : Model
    drawing : list of strokes, or (side, side) or (side²,) uint8 array
        Strokes in any coordinates, ``[xs, ys]`` each; or a bitmap, ink 255 on 0, which has no
        strokes that could be taken away.
    class_name : str, optional
        The class to explain; by default the likeliest.

    Raises
    ------
    InkgradError
        If the drawing is unusable, or the model does not know the class or knows only one.

    Examples
    --------
    >>> from inkgrad import load
    >>> ladder = [[[0, 0], [0, 255]], [[90, 90], [0, 255]], [[0, 90], [60, 60]]]
    >>> why = explain_drawing(load("animals"), ladder, "zebra")
    >>> why.gradient.shape, why.occlusion.shape, why.strokes.shape
    ((28, 28), (28, 28), (3,))
    """
    model = model.with_engine("reference", "float32")  # which begins at once
    if isinstance(drawing, np.ndarray) and drawing.ndim < 3 and drawing.dtype != object:
        framed = Strokes()
        (bitmap,) = model.bitmaps(drawing[None])
    else:
        framed = into_frame(drawing)
        bitmap = rasterize(framed, **model.raster.to_dict())
    recognised = model.recognise(bitmap[None])
    (probabilities,) = recognised.probabilities
    k = int(probabilities.argmax()) if class_name is None else _find(class_name, model.classes)
    parts = parts_of(framed)
    (x,) = to_input(bitmap[None])  # (1, side, side)
    left = to_input(bitmaps_without(parts, framed, model.raster)) if parts else ()
    logits_of = _logits_of(model)
    covered = [occlude(x, patch) for patch in patches(x.shape)]
    (reading,) = read_drawings(bitmap[None], probabilities[None], model.classes, most=_GUESSES)
    network, numbers = model.network, model.parameters
    place = cam_place(network)
    return Explanation(
        class_name=model.classes[k],
        probability=float(probabilities[k]),
        log_odds=float(log_odds(logits_of(x[None]), k)[0]),
        guesses=reading.guesses,
        is_rejected=bool(recognised.rejected[0]),
        bitmap=bitmap,
        gradient=class_gradient(network, numbers, x, k)[0],
        cam=grad_cam(network, numbers, x, k),
        cam_layer=None if place is None else network.stages[place - 1].name,
        occlusion=occlusion_map(x.shape, falls(logits_of, x, covered, k)),
        parts=tuple(parts),
        strokes=falls(logits_of, x, list(left), k),
    )


def _logits_of(model: Model) -> Logits:
    """Return x ↦ logits."""
    network, numbers = fold(model.network, model.parameters)
    engine = ReferenceEngine(network)
    return lambda x: engine.forward(numbers, x)


def _find(name: str, classes: tuple[str, ...]) -> int:
    """Return the number of a class."""
    if name in classes:
        return classes.index(name)
    nearest = difflib.get_close_matches(name, classes, n=3, cutoff=0.0)
    raise InkgradError(
        f"this model does not know the class {name!r}; the nearest that it knows are "
        f"{', '.join(nearest)}"
    )
