"""A trained network: its numbers, its classes, how drawings reach it, and how it came to be."""

from __future__ import annotations

import contextlib
import functools
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from inkgrad.drawing import Raster, to_bitmaps, to_input
from inkgrad.engines import Engine, check_precision, make_engine, make_predictor
from inkgrad.errors import DataError, ModelError, ShapeError
from inkgrad.features import Features
from inkgrad.float16 import to_float16
from inkgrad.fold import fold
from inkgrad.impostors import impostor
from inkgrad.json_text import JsonError, parse_json
from inkgrad.layers import Array
from inkgrad.memory import aligned_zeros
from inkgrad.network import Network, Parameters
from inkgrad.packaged import NAMES, packaged_file
from inkgrad.storage import atomic_write_bytes

__all__ = ["Model", "load"]

_KEY = "inkgrad"  # of the metadata entry that describes the model
_VERSION = 1
_FEATURES = ("features.mean", "features.deviation")  # the tensors that a file may hold besides
_WEIGHTS = ("float32", "float16")  # how a file may store its numbers
_BATCH = 256  # drawings carried out at once when predicting: bounds the memory


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
        return {name: value for name, value in vars(self).items() if name != "_predictor"}

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
        bitmaps = self.bitmaps(drawings)
        result = np.zeros((len(bitmaps), len(self.classes)), np.float32)
        for start in range(0, len(bitmaps), _BATCH):
            x = to_input(bitmaps[start : start + _BATCH])
            result[start : start + _BATCH] = self._predictor(x)
        return result

    @functools.cached_property
    def _predictor(self) -> Callable[[Array], Array]:
        """What gives the probabilities (threads that come at once may each make their own)."""
        return make_predictor(self.engine, self.network, self.parameters, self.precision)

    def predict(self, drawings: Any) -> Array:
        """Return the likeliest class of each drawing, by name: (n,) array of str."""
        best = self.predict_proba(drawings).argmax(axis=1)
        return np.asarray(np.asarray(self.classes)[best])

    def save(self, path: str | os.PathLike[str], weights: str = "float32") -> None:
        """Write the model as one safetensors file, in one step (see `storage.atomic_write`).

        For `weights`, and what it raises, see `to_bytes`.
        """
        atomic_write_bytes(path, self.to_bytes(weights))

    def to_bytes(self, weights: str = "float32") -> bytes:
        """Return the safetensors file that `save` writes.

        The tensors are the parameters and statistics by name and, where they are known,
        ``features.mean`` and ``features.deviation``; the metadata's entry ``inkgrad`` holds, as
        JSON, the network, the classes, the rasteriser's settings and the record. The same model
        gives the same bytes.

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
        from safetensors.numpy import save

        if weights not in _WEIGHTS:
            raise ModelError(
                f"a model file cannot hold weights in {weights!r}; choose {' or '.join(_WEIGHTS)}"
            )
        description = {
            "version": _VERSION,
            "network": self.network.to_config(),
            "classes": self.classes,
            "raster": self.raster.to_dict(),
            "record": self.record,
        }
        # One entry: safetensors writes several in an order that changes from run to run.
        try:
            metadata = {_KEY: json.dumps(description, allow_nan=False)}
        except (ValueError, TypeError, RecursionError) as error:
            raise ModelError(
                f"the model's record cannot be told as JSON ({error}); give plain values and "
                "finite numbers"
            ) from error
        named = self.parameters.numbers
        tensors = {name: np.ascontiguousarray(view) for name, view in named.items()}
        if self.features is not None:
            both = (self.features.mean, self.features.deviation)
            tensors.update(zip(_FEATURES, map(np.ascontiguousarray, both), strict=True))
        if weights == "float16":
            tensors = {name: to_float16(name, tensor) for name, tensor in tensors.items()}
        return save(tensors, metadata)


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
    metadata, tensors = _read_safetensors(path)
    try:
        description = _describe(metadata)
        network = Network.from_config(description["network"])
        features = _take_features(tensors)
        return Model(
            network,
            _fill(network, tensors),
            tuple(description["classes"]),
            _read_raster(description["raster"]),
            description["record"],
            engine,
            features,
            precision,
        )
    except (ModelError, ShapeError) as error:
        raise ModelError(f"{path} cannot be used: {error}") from error


def _read_safetensors(path: Path) -> tuple[dict[str, str], dict[str, Array]]:
    """Return the metadata and tensors of a safetensors file."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise ModelError(
            f"there is no model file {path}; train one with `inkgrad train`, check the path, or "
            f"name one that comes with inkgrad: {NAMES}"
        )
    try:
        with safe_open(path, framework="numpy") as file:
            names = list(file.keys())
            tensors = {name: _expanded(file.get_tensor(name)) for name in names}
            metadata = dict(file.metadata() or {})
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        what = None
        with contextlib.suppress(OSError):
            what = impostor(path, "a model")
        reason = what or f"is not a readable safetensors file: {error}"
        raise ModelError(f"{path} {reason}") from error
    _check_header(path)
    return metadata, tensors


def _expanded(tensor: Array) -> Array:
    """Return what is stored in 16 bits as the same float32 numbers, and all else as it is."""
    return tensor.astype(np.float32) if tensor.dtype == np.float16 else tensor


def _check_header(path: Path) -> None:
    """Refuse a header that others may read differently: see `parse_json`."""
    try:
        with path.open("rb") as file:
            parse_json(file.read(int.from_bytes(file.read(8), "little")))
    except JsonError as error:
        raise ModelError(
            f"{path} is not a readable safetensors file: its header cannot be read: {error}"
        ) from error


def _describe(metadata: Mapping[str, str]) -> dict[str, Any]:
    """Return the description of the model, its parts present and of the right kind."""
    if _KEY not in metadata:
        raise ModelError(f"its metadata has no entry {_KEY!r}: it is not a model of inkgrad's")
    try:
        description = parse_json(metadata[_KEY])
    except JsonError as error:
        raise ModelError(f"its metadata entry {_KEY!r} cannot be read: {error}") from error
    if not isinstance(description, dict) or description.get("version") != _VERSION:
        raise ModelError(f"it is not of version {_VERSION}, the one that this inkgrad reads")
    for name, kind in {"network": dict, "classes": list, "record": dict}.items():
        if not isinstance(description.get(name), kind):
            raise ModelError(f"its description has no {name}, or of a wrong kind")
    return {"raster": None, **description}


def _read_raster(settings: Any) -> Raster:
    """Return the rasteriser's settings, which nobody can guess from the network."""
    try:
        if settings is None:
            raise ModelError("there are no rasteriser settings")
        return Raster.from_dict(settings)
    except ModelError as error:
        raise ModelError(
            f"it does not say how drawings became the bitmaps that it learnt from ({error}), and "
            "inkgrad refuses to guess; save it anew from where it was made, or train it anew"
        ) from error


def _take_features(tensors: dict[str, Array]) -> Features | None:
    """Take the features out of the tensors, if they are there."""
    found = [tensors.pop(name) for name in _FEATURES if name in tensors]
    if len(found) == 1:
        raise ModelError(f"of {' and '.join(_FEATURES)} only one is there; give both or neither")
    return Features(*found) if found else None


def _fill(network: Network, tensors: Mapping[str, Array]) -> Parameters:
    """Return the tensors as the network's numbers, after checking every one."""
    layouts = {**network.layout, **network.statistics_layout}
    needed = {name: shape for name, (_, shape) in layouts.items()}
    if set(tensors) != set(needed):
        raise ModelError(
            f"the tensors are {_names(tensors)}, but the network's parameters are {_names(needed)}"
        )
    for name, tensor in tensors.items():
        if tensor.shape != needed[name] or tensor.dtype != np.float32:
            raise ModelError(
                f"{name} is {tensor.dtype} of shape {tensor.shape}; "
                f"it must be float32 or float16 of shape {needed[name]}"
            )
        if not np.isfinite(tensor).all():
            raise ModelError(f"{name} holds numbers that are not finite")
    parameters = Parameters(network, aligned_zeros(network.size, np.float32))
    for name, tensor in tensors.items():
        (parameters if name in network.layout else parameters.statistics)[name] = tensor
    if flaw := parameters.statistics.flaw():
        raise ModelError(flaw)
    return parameters


def _names(names: Mapping[str, Any]) -> str:
    """Return the first few names, for an error."""
    shown = sorted(names)[:12]
    return ", ".join(shown) + (", …" if len(names) > len(shown) else "") if shown else "none"


def _is_one_drawing(value: Any) -> bool:
    """Tell a list of strokes (numbers two levels down) from a list of drawings (three down)."""
    for _ in range(3):
        if not isinstance(value, (list, tuple, np.ndarray)) or len(value) == 0:
            return False
        value = value[0]
    return not isinstance(value, (list, tuple, np.ndarray))
