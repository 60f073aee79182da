"""A trained network: its numbers, its classes, how drawings reach it, and how it came to be."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from inkgrad.confidence import Confidence
from inkgrad.drawing import Raster, to_bitmaps, to_input
from inkgrad.engines import Engine, check_precision, make_engine, make_predictor
from inkgrad.errors import DataError, ModelError
from inkgrad.features import Features
from inkgrad.fold import fold
from inkgrad.layers import Array, softmax
from inkgrad.model_file import read_model_file, write_model_file
from inkgrad.network import Network, Parameters
from inkgrad.packaged import packaged_file
from inkgrad.storage import atomic_write_bytes

__all__ = ["Model", "Recognised", "load"]

_MADE = ("_predictor", "_logits_predictor")
_BATCH = 256  # drawings carried out at once when predicting: bounds the memory


class Recognised(NamedTuple):
    """What a model says of n drawings.

    Attributes
    ----------
    probabilities : (n, classes) float32 array
    familiarity : (n,) float64 array
        0 to 1, larger for drawings that are like those that the model knows.
    rejected : (n,) array of bool
        Which drawings are none of the classes; of a model without a threshold, none.
    """

    probabilities: Array
    familiarity: Array
    rejected: Array


@dataclass(frozen=True)
class Model:
    """A network with its parameters, ready to recognise drawings.

    Parameters
    ----------
    network : Network
        With an input shape of (1, side, side) and one output a class.
    parameters : Parameters
        float32.
    classes : tuple of str
        What each output means, in order.
    raster : Raster
        How strokes become the bitmaps that the network was trained on.
    record : dict
        Where the model comes from: data, counts, split, seed, recipe, accuracy. Plain values.
    engine : str or Engine
        Who carries the network out, see `inkgrad.engines.make_engine`. It is made ready at the
        first prediction; from then on the parameters are as they were then.
    features : Features, optional
        What the last layer was given for drawings of each class, so that another class can be
        learnt without those drawings.
    precision : str
        In what predictions are computed: ``"float32"``, or ``"int8"`` for speed, see
        `inkgrad.engines.Engine.predictor`.
    confidence : Confidence, optional
        How familiar drawings are to the model, and which are none of its classes; without it,
        nothing is rejected.

    Raises
    ------
    ModelError
        If classes, network, rasteriser and features do not fit together.

    Examples
    --------
    >>> from inkgrad.network import seed_network
    >>> network = seed_network(2)
    >>> model = Model(network, network.initialise(seed=0), ("cat", "dog"))
    >>> model.predict_proba(np.zeros((3, 28, 28), np.uint8)).shape
    (3, 2)
    >>> model.predict([[[[0, 255], [0, 255]], [[0, 255], [255, 0]]]]).shape    # one drawing: an X
    (1,)
    """

    network: Network
    parameters: Parameters
    classes: tuple[str, ...]
    raster: Raster = field(default_factory=Raster)
    record: Mapping[str, Any] = field(default_factory=dict)
    engine: str | Engine = "auto"
    features: Features | None = None
    precision: str = "float32"
    confidence: Confidence | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))
        side = self.raster.side
        if self.network.input_shape != (1, side, side):
            raise ModelError(
                f"the network takes inputs of shape {self.network.input_shape}, but the "
                f"rasteriser makes (1, {side}, {side})"
            )
        if self.network.output_shape != (len(self.classes),):
            raise ModelError(
                f"the network's output has shape {self.network.output_shape}, "
                f"but there are {len(self.classes)} classes"
            )
        named = all(isinstance(name, str) and name for name in self.classes)
        if not named or len(set(self.classes)) != len(self.classes):
            raise ModelError("the classes must be distinct names that are not empty")
        if self.features is not None:
            self.features.check_fit(self.network)
        check_precision(self.precision)
        make_engine(self.engine, self.network)  # refuses what would fail at the first prediction

    def __getstate__(self) -> dict[str, Any]:
        """Leave out, when pickled, what is made again at the first prediction."""
        return {name: value for name, value in vars(self).items() if name not in _MADE}

    def with_engine(self, engine: str | Engine, precision: str | None = None) -> Model:
        """Return the same model run by another engine and, if one is given, in another precision.

        Examples
        --------
        >>> load("animals").with_engine("reference", "int8").precision
        'int8'
        """
        return replace(self, engine=engine, precision=precision or self.precision)

    def folded(self) -> Model:
        """Return a model that answers as this one does, by fewer layers: see `inkgrad.fold`."""
        network, parameters = fold(self.network, self.parameters)
        if network is self.network:
            return self
        engine = self.engine if isinstance(self.engine, str) else "auto"  # an Engine has a network
        return replace(self, network=network, parameters=parameters, engine=engine)

    def bitmaps(self, drawings: Any) -> Array:
        """Return drawings of any accepted kind as the network sees them: (n, side, side) uint8.

        Parameters
        ----------
        drawings : (n, side, side) or (n, side²) array of uint8, or list of drawings
            A drawing in a list is a list of strokes ``[xs, ys]``, in any coordinates: it is
            brought to the form of the training drawings and rasterised.

        Raises
        ------
        DataError
            If an array has another shape or dtype, or strokes are unusable.
        """
        side = self.raster.side
        if isinstance(drawings, np.ndarray) and drawings.dtype != object:
            if drawings.dtype != np.uint8:
                raise DataError(
                    f"the bitmaps are of dtype {drawings.dtype}; give uint8, ink 255 on paper 0"
                )
            if drawings.shape[1:] not in {(side, side), (side * side,)}:
                raise DataError(
                    f"the bitmaps have shape {drawings.shape}; "
                    f"give (n, {side}, {side}) or (n, {side * side}), or strokes, which are drawn "
                    "to the network's size"
                )
            return drawings.reshape(-1, side, side)
        if not isinstance(drawings, (list, tuple, np.ndarray)):
            raise DataError(
                f"drawings are given as {type(drawings).__name__}; give a uint8 array of bitmaps "
                "or a list of drawings, each a list of strokes [xs, ys]"
            )
        if _is_one_drawing(drawings):
            raise DataError(
                "one drawing was given where a list of drawings is expected; "
                "wrap it in a list: predict([strokes])"
            )
        return to_bitmaps(list(drawings), **self.raster.to_dict())

    def predict_proba(self, drawings: Any) -> Array:
        """Return the probability of each class for each drawing: (n, classes) float32.

        See `bitmaps` for what `drawings` may be.
        """
        return self._run(self._predictor, self.bitmaps(drawings))

    def logits(self, drawings: Any) -> Array:
        """Return the network's outputs, whose softmax are the probabilities: (n, classes) float32.

        See `bitmaps` for what `drawings` may be.
        """
        return self._run(self._logits_predictor, self.bitmaps(drawings))

    def familiarity(self, drawings: Any) -> Array:
        """Return how much each drawing is like those that the model knows: (n,) float64, 0 to 1.

        See `inkgrad.confidence.Confidence` for the formula, and `bitmaps` for what `drawings` may
        be. Where the model has no confidence of its own, only the order of drawings tells anything.

        Examples
        --------
        >>> cross = [[[0, 255], [0, 255]], [[0, 255], [255, 0]]]
        >>> familiarity = load("animals").familiarity([cross])
        >>> familiarity.shape, bool(0 <= familiarity[0] <= 1)
        ((1,), True)
        """
        return self.recognise(drawings).familiarity

    def recognise(self, drawings: Any) -> Recognised:
        """Return probabilities, familiarity, and what is rejected, in one pass.

        See `bitmaps` for what `drawings` may be.
        """
        return self.recognised(self.logits(drawings))

    def recognised(self, logits: Array) -> Recognised:
        """Return what the network's outputs say of n drawings.

        Parameters
        ----------
        logits : (n, classes) array
            As `logits` gives them.
        """
        confidence = self.confidence or Confidence()
        return Recognised(
            softmax(logits), confidence.familiarity(logits), confidence.is_rejected(logits)
        )

    @property
    def rejects(self) -> bool:
        """Whether programs reject without being asked to: see `Confidence.rejects`."""
        return self.confidence is not None and self.confidence.rejects

    def _run(self, predictor: Callable[[Array], Array], bitmaps: Array) -> Array:
        """Return what a predictor gives for bitmaps, batch by batch."""
        result = np.zeros((len(bitmaps), len(self.classes)), np.float32)
        for start in range(0, len(bitmaps), _BATCH):
            x = to_input(bitmaps[start : start + _BATCH])
            result[start : start + _BATCH] = predictor(x)
        return result

    # Threads that come at once may each make their own.
    @functools.cached_property
    def _predictor(self) -> Callable[[Array], Array]:
        """What gives the probabilities."""
        return make_predictor(self.engine, self.network, self.parameters, self.precision)

    @functools.cached_property
    def _logits_predictor(self) -> Callable[[Array], Array]:
        """What gives the logits."""
        return make_predictor(
            self.engine, self.network, self.parameters, self.precision, logits=True
        )

    def predict(self, drawings: Any, *, reject: bool = False) -> Array:
        """Return the likeliest class of each drawing, by name: (n,) array of str.

        Parameters
        ----------
        drawings
            See `bitmaps`.
        reject : bool
            Say None, in an array of objects, of drawings whose familiarity is below the model's
            threshold: they are none of its classes. A model without a threshold rejects nothing.
        """
        if not reject:
            best = self.predict_proba(drawings).argmax(axis=1)
            return np.asarray(np.asarray(self.classes)[best])
        found = self.recognise(drawings)
        best = found.probabilities.argmax(axis=1)
        names: Array = np.asarray(self.classes, object)[best]
        names[found.rejected] = None
        return names

    def save(self, path: str | os.PathLike[str], weights: str = "float32") -> None:
        """Write the model as one safetensors file, in one step (see `storage.atomic_write`).

        For `weights`, and what it raises, see `to_bytes`.
        """
        atomic_write_bytes(path, self.to_bytes(weights))

    def to_bytes(self, weights: str = "float32") -> bytes:
        """Return the safetensors file that `save` writes.

        The tensors are the parameters and statistics by name and, where they are known,
        ``features.examples``, always in float16; the metadata's entry ``inkgrad`` holds, as JSON,
        the network, the classes, the rasteriser's settings, the record and, where there is one, the
        confidence. The same model gives the same bytes.

        Parameters
        ----------
        weights : "float32" or "float16"
            How every number is stored. As float16 each is rounded to the nearest (see
            `inkgrad.float16.to_float16`) and the file has half the size; whoever reads it expands
            them to float32, which is exact.

        Raises
        ------
        ModelError
            If the record holds anything but plain values and finite numbers, a number is beyond
            float16, or `weights` is something else.
        """
        return write_model_file(
            network=self.network,
            parameters=self.parameters,
            classes=self.classes,
            raster=self.raster,
            record=self.record,
            features=self.features,
            confidence=self.confidence,
            weights=weights,
        )


def load(
    path: str | os.PathLike[str], *, engine: str | Engine = "auto", precision: str = "float32"
) -> Model:
    """Read a model file, trusting nothing in it.

    Parameters
    ----------
    path : path of a ``.safetensors`` file written by `Model.save`
        Or the name of a model that comes with inkgrad, such as ``"animals"`` (the names are those
        in `inkgrad.packaged.PACKAGED`), if there is no file or folder of that name.
    engine : str or Engine
    precision : str
        See `Model`.

    Raises
    ------
    ModelError
        If the file is missing, damaged, not a model of inkgrad's, or its parts do not fit.

    Examples
    --------
    >>> load("animals").classes
    ('cat', 'dog', 'dolphin', 'elephant', 'zebra')
    >>> load("nowhere.safetensors")
    Traceback (most recent call last):
    inkgrad.errors.ModelError: there is no model file nowhere.safetensors; ...
    """
    path = packaged_file(Path(path))
    parts = read_model_file(path)
    try:
        return Model(**parts, engine=engine, precision=precision)
    except ModelError as error:
        raise ModelError(f"{path} cannot be used: {error}") from error


def _is_one_drawing(value: Any) -> bool:
    """Tell a list of strokes (numbers two levels down) from a list of drawings (three down)."""
    for _ in range(3):
        if not isinstance(value, (list, tuple, np.ndarray)) or len(value) == 0:
            return False
        value = value[0]
    return not isinstance(value, (list, tuple, np.ndarray))
