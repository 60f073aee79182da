"""A recipe: all the settings of a training run, checked, in one value."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from inkgrad.errors import InkgradError
from inkgrad.optimizers import (
    SGD,
    Adam,
    AdamW,
    Averaging,
    Constant,
    Cosine,
    OneCycle,
    Optimizer,
    Schedule,
    StepDecay,
)

__all__ = ["OPTIMIZERS", "SCHEDULES", "Recipe"]

OPTIMIZERS = ("adam", "adamw", "sgd")
"""What `Recipe.optimizer` may be."""

SCHEDULES = ("constant", "cosine", "one-cycle", "step")
"""What `Recipe.schedule` may be."""

_WARMUP = {"cosine": 0.05, "one-cycle": 0.45}  # of the run, where the recipe does not say


@dataclass(frozen=True)
class Recipe:
    """How to train. Together with network and data it determines every bit of the result.

    The usual settings were found by trial, with the seed network on twenty classes in 6 epochs.

    Parameters
    ----------
    epochs : int
        How often every example is met.
    batch_size : int
        Examples in one step; the last batch of an epoch takes what is left.
    optimizer : "adam", "adamw" or "sgd"
    learning_rate : float
        The highest that the schedule reaches.
    schedule : "constant", "step", "cosine" or "one-cycle"
    warmup : float, optional
        The share of the run in which the learning rate rises: for "cosine" (if not given, 0.05)
        and "one-cycle" (if not given, 0.45; at most 0.5).
    decay_every : int
        For "step": after how many epochs the learning rate falls.
    decay_factor : float
        For "step": what it is multiplied by then.
    momentum : float
    nesterov : bool
        For "sgd".
    beta1, beta2, epsilon : float
        For "adam" and "adamw".
    weight_decay : float
        An L2 penalty for "sgd" and "adam", decoupled for "adamw"; biases are spared.
    clip_norm : float, optional
        The greatest length of the gradient; longer ones are shortened.
    label_smoothing : float
        How much of the target is spread over all classes, 0 to below 1.
    averaging : float, optional
        How slowly an average of the parameters forgets, such as 0.999; with it, the network
        answers by the average: see `inkgrad.optimizers.Averaging`.
    seed : int
        Decides the first parameters and the order of the examples.
    patience : int, optional
        Stop when the validation loss has not improved for so many epochs.

    Raises
    ------
    InkgradError
        If a setting is not what it should be.

    Examples
    --------
    >>> Recipe(epochs=3).learning_rate
    0.002
    >>> Recipe(epochs=0)
    Traceback (most recent call last):
    inkgrad.errors.InkgradError: epochs is 0; give a whole number of at least 1
    """

    epochs: int = 6
    batch_size: int = 128
    optimizer: str = "adam"
    learning_rate: float = 2e-3
    schedule: str = "cosine"
    warmup: float | None = None
    decay_every: int = 2
    decay_factor: float = 0.1
    momentum: float = 0.9
    nesterov: bool = False
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    clip_norm: float | None = None
    label_smoothing: float = 0.0
    averaging: float | None = None
    seed: int = 42
    patience: int | None = None

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch_size", 1), ("decay_every", 1), ("seed", 0)):
            self._whole(name, least)
        if self.patience is not None:
            self._whole("patience", 1)
        self._choice("optimizer", OPTIMIZERS)
        self._choice("schedule", SCHEDULES)
        for name in ("learning_rate", "decay_factor", "epsilon"):
            self._number(name, "above 0", lambda v: 0 < v < math.inf)
        for name in ("momentum", "beta1", "beta2", "label_smoothing"):
            self._number(name, "from 0 to below 1", lambda v: 0 <= v < 1)
        self._number("weight_decay", "of at least 0", lambda v: 0 <= v < math.inf)
        if self.clip_norm is not None:
            self._number("clip_norm", "above 0", lambda v: 0 < v < math.inf)
        if self.averaging is not None:
            self._number("averaging", "above 0 and below 1", lambda v: 0 < v < 1)
        if self.warmup is not None:
            if self.schedule == "one-cycle":
                self._number("warmup", "above 0 and at most 0.5", lambda v: 0 < v <= 0.5)
            else:
                self._number("warmup", "from 0 to 1", lambda v: 0 <= v <= 1)
        if not isinstance(self.nesterov, bool):
            raise InkgradError(f"nesterov is {self.nesterov!r}; give True or False")
        self.make_optimizer()  # which refuses what does not go together

    def make_optimizer(self) -> Optimizer:
        """Return the optimiser with these settings.

        Examples
        --------
        >>> Recipe(optimizer="sgd", nesterov=True).make_optimizer()
        SGD(momentum=0.9, nesterov=True, weight_decay=0.0)
        """
        made: Optimizer
        if self.optimizer == "sgd":
            made = SGD(self.momentum, self.nesterov, self.weight_decay)
        else:
            kind = AdamW if self.optimizer == "adamw" else Adam
            made = kind(self.beta1, self.beta2, self.epsilon, self.weight_decay)
        return made if self.averaging is None else Averaging(made, self.averaging)

    def make_schedule(self, steps_per_epoch: int) -> Schedule:
        """Return the schedule for a run with so many steps in an epoch.

        Examples
        --------
        >>> Recipe(epochs=2, schedule="cosine").make_schedule(steps_per_epoch=50)
        Cosine(rate=0.002, steps=100, warmup=5)
        """
        if self.schedule == "constant":
            return Constant(self.learning_rate)
        if self.schedule == "step":
            every = self.decay_every * steps_per_epoch
            return StepDecay(self.learning_rate, every, self.decay_factor)
        steps = self.epochs * steps_per_epoch
        share = _WARMUP[self.schedule] if self.warmup is None else self.warmup
        if self.schedule == "cosine":
            return Cosine(self.learning_rate, steps, round(share * steps))
        return OneCycle(self.learning_rate, steps, max(1, int(share * steps)))

    @property
    def schedule_knows_the_end(self) -> bool:
        """Whether the learning rate depends on how many epochs there will be."""
        return self.schedule in ("cosine", "one-cycle")

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain values, ready for JSON.

        Examples
        --------
        >>> Recipe(seed=7).to_dict()["seed"]
        7
        """
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> Recipe:
        """Rebuild a recipe from `to_dict`'s values, trusting none of them.

        Settings that are missing take their usual values.

        Raises
        ------
        InkgradError
            If a setting is unknown or not what it should be.

        Examples
        --------
        >>> Recipe.from_dict({"speed": 3})
        Traceback (most recent call last):
        inkgrad.errors.InkgradError: a recipe has no setting 'speed'; it has epochs, batch_size, ...
        """
        names = [field.name for field in dataclasses.fields(cls)]
        for name in settings:
            if name not in names:
                raise InkgradError(f"a recipe has no setting {name!r}; it has {', '.join(names)}")
        return cls(**settings)

    def _whole(self, name: str, least: int) -> None:
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
            raise InkgradError(f"{name} is {value!r}; give a whole number of at least {least}")
        object.__setattr__(self, name, int(value))  # NumPy's integers do not go into JSON

    def _number(self, name: str, bounds: str, fits: Callable[[float], bool]) -> None:
        value = getattr(self, name)
        number = math.nan  # which fits nowhere
        if not isinstance(value, bool) and isinstance(value, numbers.Real):
            with contextlib.suppress(OverflowError):
                number = float(value)
        if not fits(number):
            raise InkgradError(f"{name} is {value!r}; give a number {bounds}")
        object.__setattr__(self, name, number)

    def _choice(self, name: str, choices: tuple[str, ...]) -> None:
        value = getattr(self, name)
        if value not in choices:
            raise InkgradError(f"{name} is {value!r}; give one of {', '.join(choices)}")
