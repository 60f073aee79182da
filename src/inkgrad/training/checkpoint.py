"""Checkpoints: the whole state of a run in one safetensors file, written in one step."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from inkgrad.errors import InkgradError, ModelError
from inkgrad.layers import Array
from inkgrad.memory import aligned_copy
from inkgrad.network import Network, Parameters, Statistics
from inkgrad.optimizers import AVERAGE, AVERAGE_STATISTICS, OptimizerState
from inkgrad.storage import atomic_write
from inkgrad.training.batches import Source
from inkgrad.training.parsing import Malformed, number, parse_json, short, whole
from inkgrad.training.recipe import Recipe
from inkgrad.training.state import Tally, TrainingState

__all__ = ["BEST", "LAST", "load_checkpoint", "save_checkpoint"]

LAST = "checkpoint-last.safetensors"
"""The file name of the state that a run can be resumed from."""

BEST = "checkpoint-best.safetensors"
"""The file name of the state after the best epoch; its ``parameters`` are the best ones."""

_FORMAT = "inkgrad checkpoint 1"
_KEY = "inkgrad"  # under it stands one JSON text in safetensors' metadata
_HEADER_LIMIT = 100_000_000  # bytes: safetensors' own limit
_FIELDS: dict[str, dict[str, type]] = {
    "train": {"epoch": int, "step": int, "loss": float, "accuracy": float, "learning_rate": float},
    "notice": {"epoch": int, "step": int, "message": str},
    "epoch": {
        "epoch": int,
        "train_loss": float,
        "train_accuracy": float,
        "validation_loss": float,
        "validation_accuracy": float,
        "seconds": float,
        "is_best": bool,
    },
}
"""What each kind of record holds; validation_… is null where there is no validation data."""


def save_checkpoint(path: str | os.PathLike[str], state: TrainingState) -> None:
    """Write a run's state to `path`; if that fails, what stood there before still stands.

    Tensors: ``parameters``, ``best`` (if there is one) and ``optimizer.<name>``, each flat, in the
    network's layout, and where the network measures something, the same names with ``.statistics``.
    The rest is one JSON text in the metadata.

    Raises
    ------
    ModelError
        If the file cannot be written.
    """
    facts = {
        "format": _FORMAT,
        "network": state.parameters.network.to_config(),
        "recipe": state.recipe.to_dict(),
        "engine": state.engine,
        "data": state.data,
        "validation": state.validation,
        "epoch": state.epoch,
        "step": state.step,
        "optimizer_steps": state.optimizer.steps,
        "seconds": state.seconds,
        "epoch_tally": dataclasses.astuple(state.epoch_tally),
        "window": dataclasses.astuple(state.window),
        "records": state.records,
    }
    metadata = {_KEY: json.dumps(facts, allow_nan=False)}
    contents = safetensors.numpy.save(dict(state.named_arrays()), metadata)
    try:
        with atomic_write(path) as file:
            file.write(contents)
    except OSError as error:
        raise ModelError(
            f"cannot write the checkpoint {path}: {error.strerror or error}; "
            "what stood there before is unharmed"
        ) from error


def load_checkpoint(path: str | os.PathLike[str], network: Network) -> TrainingState:
    """Read back what `save_checkpoint` wrote, trusting none of it.

    Parameters
    ----------
    path : path
    network : Network
        The network that the checkpoint must be of.

    Raises
    ------
    ModelError
        If there is no such file; if it is damaged or no checkpoint; if a name, shape or dtype is
        not what it should be, a number is not finite, or counts contradict each other; or if it
        was made for another network (the difference is named).

    Examples
    --------
    >>> from inkgrad.network import seed_network
    >>> load_checkpoint("nowhere/checkpoint-last.safetensors", seed_network())
    Traceback (most recent call last):
    inkgrad.errors.ModelError: there is no checkpoint nowhere/checkpoint-last.safetensors
    """
    path = Path(path)
    try:
        facts, tensors = _read(path, network)
        _check_network(facts.get("network"), network)
        return _state(facts, tensors, network)
    except Malformed as error:
        raise ModelError(f"{path} is not a usable checkpoint: {error}") from error


def _read(path: Path, network: Network) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the JSON facts and the tensors of a checkpoint file."""
    try:
        size = path.stat().st_size
        numbers = network.size + network.statistics_size
        if size > 8 * 4 * numbers + _HEADER_LIMIT:  # 8: more vectors than any optimiser keeps
            raise Malformed(f"it has {size:,} bytes, too many for this network")
        contents = path.read_bytes()
    except FileNotFoundError as error:
        raise ModelError(f"there is no checkpoint {path}") from error
    except OSError as error:
        raise ModelError(f"cannot read the checkpoint {path}: {error.strerror}") from error
    try:
        tensors = safetensors.numpy.load(contents)
    except (SafetensorError, KeyError, ValueError) as error:  # KeyError: a dtype NumPy lacks
        raise Malformed(f"safetensors refuses it ({error})") from error
    header = parse_json(contents[8 : 8 + int.from_bytes(contents[:8], "little")])
    facts = parse_json((header.get("__metadata__") or {}).get(_KEY, "{}"))
    if facts.get("format") != _FORMAT:
        raise Malformed(f"its format is {short(facts.get('format'))}, not {_FORMAT!r}")
    return facts, tensors


def _check_network(config: Any, network: Network) -> None:
    """Refuse a checkpoint of another network, saying where the two differ."""
    wanted = network.to_config()
    if config == wanted:
        return
    if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
        raise Malformed("it does not say what network it is of")
    if config.get("input_shape") != wanted["input_shape"]:
        difference = (
            f"its inputs are {short(config.get('input_shape'))}, here {wanted['input_shape']}"
        )
    elif len(config["layers"]) != len(wanted["layers"]):
        difference = f"it has {len(config['layers'])} layers, here {len(wanted['layers'])}"
    else:
        both = zip(config["layers"], wanted["layers"], strict=True)
        different = [(i, a, b) for i, (a, b) in enumerate(both, start=1) if a != b]
        if not different:  # there is something besides
            raise Malformed(f"its network is described by {short(sorted(config))}")
        place, old, new = different[0]
        if isinstance(old, dict):  # what they have in common tells nothing
            old, new = (
                {key: value for key, value in one.items() if other.get(key) != value}
                for one, other in ((old, new), (new, old))
            )
        difference = f"its layer {place} is {short(old)}, here {new}"
    raise Malformed(f"it was made for another network: {difference}")


def _state(facts: dict[str, Any], tensors: dict[str, Array], network: Network) -> TrainingState:
    """Build the state from a file's facts and tensors, checking each."""
    recipe = _recipe(facts.get("recipe"))
    data, validation = _source(facts.get("data")), facts.get("validation")
    engine = facts.get("engine")
    if not isinstance(engine, str):
        raise Malformed(f"engine is {short(engine)}")
    state_names = [*recipe.make_optimizer().state_names]
    if AVERAGE in state_names and network.statistics_size:
        state_names.append(AVERAGE_STATISTICS)
    vectors = _vectors(tensors, {f"optimizer.{name}" for name in state_names}, network)
    state = TrainingState(
        recipe=recipe,
        engine=engine,
        data=data,
        validation=None if validation is None else _source(validation),
        parameters=_parameters(vectors, "parameters", network),
        optimizer=OptimizerState(
            {name: vectors[f"optimizer.{name}"] for name in state_names},
            whole(facts, "optimizer_steps"),
        ),
        best=_parameters(vectors, "best", network) if "best" in vectors else None,
        epoch=whole(facts, "epoch"),
        step=whole(facts, "step"),
        seconds=number(facts, "seconds"),
        epoch_tally=_tally(facts, "epoch_tally"),
        window=_tally(facts, "window"),
        records=_records(facts.get("records"), validation is not None),
    )
    _check_consistent(state)
    return state


def _check_consistent(state: TrainingState) -> None:
    """Refuse counts that no run could have reached."""
    per_epoch = state.steps_per_epoch
    seen = min(state.step * state.recipe.batch_size, state.data.length)
    if (
        state.step > per_epoch
        or state.optimizer.steps != state.epoch * per_epoch + state.step
        or state.epoch_tally.seen != seen
        or state.window.seen > seen
        or [done.epoch for done in state.history] != list(range(1, state.epoch + 1))
        or (state.best is not None) != (state.validation is not None and state.epoch > 0)
    ):
        raise Malformed(
            f"its counts contradict each other (epoch {state.epoch}, step {state.step} of "
            f"{per_epoch}, {state.optimizer.steps} updates, {len(state.history)} epochs recorded)"
        )


def _vectors(
    tensors: dict[str, Array], optimizer_names: set[str], network: Network
) -> dict[str, Array]:
    """Return copies of the tensors, which must be just those of a checkpoint."""
    needed, best = {"parameters"}, {"best"}
    if network.statistics_size:
        needed.add("parameters.statistics")
        best.add("best.statistics")
    needed |= optimizer_names
    names = set(tensors)
    if names not in (needed, needed | best):
        raise Malformed(f"it holds {short(sorted(names))}, needed are {sorted(needed)}")
    for name, tensor in tensors.items():
        size = network.statistics_size if name.endswith(".statistics") else network.size
        if tensor.dtype != np.float32 or tensor.shape != (size,):
            raise Malformed(
                f"{name} is {tensor.dtype} of shape {tensor.shape}, "
                f"needed is float32 of shape {(size,)}"
            )
        if not np.isfinite(tensor).all():
            raise Malformed(f"{name} holds numbers that are not finite")
    return {name: aligned_copy(tensor) for name, tensor in tensors.items()}


def _parameters(vectors: dict[str, Array], name: str, network: Network) -> Parameters:
    """Return parameters with the statistics that belong to them."""
    measured = vectors.get(f"{name}.statistics")
    if measured is None:
        return Parameters(network, vectors[name])
    statistics = Statistics(network, measured)
    if flaw := statistics.flaw():
        raise Malformed(flaw)
    return Parameters(network, vectors[name], statistics)


def _recipe(settings: Any) -> Recipe:
    if not isinstance(settings, dict):
        raise Malformed(f"recipe is {short(settings)}")
    try:
        return Recipe.from_dict(settings)
    except InkgradError as error:
        raise Malformed(f"of its recipe, {error}") from error


def _source(value: Any) -> Source:
    if not isinstance(value, list) or len(value) != 2 or not isinstance(value[1], str):
        raise Malformed(f"its data is described by {short(value)}")
    return Source(whole({"length": value[0]}, "length", least=1), value[1])


def _tally(facts: Mapping[str, Any], name: str) -> Tally:
    value = facts.get(name)
    if not isinstance(value, list) or len(value) not in (3, 4):
        raise Malformed(f"{name} is {short(value)}")
    # Before there were examples of no class, all that were seen were known.
    parts = dict(zip(("loss", "right", "seen", "known"), [*value, value[2]], strict=False))
    counts = (whole(parts, each) for each in ("right", "seen", "known"))
    tally = Tally(number(parts, "loss"), *counts)
    if not tally.right <= tally.known <= tally.seen:
        raise Malformed(f"{name} is {short(value)}")
    return tally


def _records(records: Any, validated: bool) -> list[dict[str, Any]]:
    """Return the metrics' lines, each of which must be of a known kind."""
    if not isinstance(records, list):
        raise Malformed(f"records is {short(records)}")
    for record in records:
        fields = _FIELDS.get(str(record.get("event"))) if isinstance(record, dict) else None
        if fields is None or set(record) != {"event", *fields}:
            raise Malformed(f"one of its records is {short(record)}")
        for name, kind in fields.items():
            if kind is int:
                whole(record, name)
            elif kind is float and (validated or not name.startswith("validation_")):
                number(record, name)
            elif not isinstance(record[name], type(None) if kind is float else kind):
                raise Malformed(f"{name} is {short(record[name])} in one of its records")
    return records
