"""Where training starts: the numbers of a model that has learnt something similar."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from inkgrad.errors import ModelError
from inkgrad.model import Model, load
from inkgrad.network import Network, Parameters
from inkgrad.packaged import PACKAGED
from inkgrad.tuning.head import Head, head_of, with_head

__all__ = ["name_of_start", "start_from"]


def start_from(
    named: str | os.PathLike[str],
    classes: Sequence[str],
    network: Network | None = None,
    seed: int = 42,
) -> Parameters:
    """Return the numbers of a model, made to fit other classes, to train them further.

    All layers but the last are taken as they are. Of the last one, the weights of those classes
    that the model knows are taken, too; the others are drawn by chance, as those of any new network
    are.

    Parameters
    ----------
    named : str or path
        A model file, or the name of a model that comes with inkgrad.
    classes : sequence of str
        What the network is to tell apart.
    network : Network, optional
        What the network must be; by default the model's, with an output for each class.
    seed : int
        Of the weights that are drawn by chance.

    Raises
    ------
    ModelError
        If there is no such model, it does not end in a dense layer, or has another network.

    Examples
    --------
    >>> parameters = start_from("animals", ["zebra", "bee", "cat"])
    >>> parameters.network.output_shape
    (3,)
    >>> animals = load("animals").parameters
    >>> bool((parameters["dense1.weight"][:, 2] == animals["dense1.weight"][:, 0]).all())
    True
    """
    model = load(named)
    old = head_of(model)
    fresh = _fitting(model, classes).initialise(seed)
    last = fresh.network.stages[-1].name
    weight, bias = fresh[f"{last}.weight"].copy(), fresh[f"{last}.bias"].copy()
    for column, name in enumerate(classes):
        if name in model.classes:
            known = model.classes.index(name)
            weight[:, column], bias[column] = old.weight[:, known], old.bias[known]
    parameters = with_head(model, Head(weight, bias), classes).parameters
    if network is not None and network != parameters.network:
        raise ModelError(
            f"{os.fspath(named)} has another network than the one that is to be trained; leave "
            "--network out, or start from a model that has it"
        )
    return parameters


def name_of_start(named: str | os.PathLike[str]) -> str:
    """Return what names a model to start from, from any folder: its path, or its packaged name.

    Examples
    --------
    >>> name_of_start("animals")
    'animals'
    """
    name = os.fspath(named)
    return name if name in PACKAGED and not Path(name).exists() else os.path.abspath(name)


def _fitting(model: Model, classes: Sequence[str]) -> Network:
    """Return the model's network, with an output for each class."""
    inputs = head_of(model).weight.shape[0]
    empty = Head(np.zeros((inputs, len(classes)), np.float32), np.zeros(len(classes), np.float32))
    return with_head(model, empty, classes).network
