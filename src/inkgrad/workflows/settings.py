"""What a training run was asked for: kept beside it, so that it can be resumed and repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from inkgrad.errors import InkgradError
from inkgrad.quickdraw import Drawings, notebook_split, split, validation_split
from inkgrad.training import Recipe

__all__ = ["SPLITS", "Parts", "Settings"]

SPLITS = ("stratified", "notebook")
_OWN_CHOICES = ("limit", "split_kind", "test_size", "validation_size", "balance")


class Parts(NamedTuple):
    """Drawings to learn from, to choose the best weights by, and to be judged on."""

    train: Drawings
    validation: Drawings
    test: Drawings


@dataclass(frozen=True)
class Settings:
    """Everything that decides what a training run learns.

    Parameters
    ----------
    classes : tuple of str
        In the order of the network's outputs.
    task : str, optional
        The name under which the classes were asked for.
    data : str, optional
        The path or address that was named; None for the usual places.
    limit : int, optional
        At most so many drawings a class.
    split : "stratified" or "notebook"
        `inkgrad.quickdraw.split`, or the seed notebook's own.
    test_size, validation_size : float
        The share of all drawings that is set aside to judge by, and the share of the rest by
        which the best weights are chosen.
    balance : bool
        Show drawings of rare classes more often, see `Drawings.balanced`.
    recipe : Recipe
        How to train; its seed also decides the split and the first weights.
    """

    classes: tuple[str, ...]
    task: str | None = None
    data: str | None = None
    limit: int | None = None
    split_kind: str = "stratified"
    test_size: float = 0.2
    validation_size: float = 0.05
    balance: bool = False
    recipe: Recipe = field(default_factory=Recipe)

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))
        if len(self.classes) < 2:
            raise InkgradError(
                f"{len(self.classes)} class is too few to tell apart; name two or more"
            )
        if self.split_kind not in SPLITS:
            raise InkgradError(
                f"the split is {self.split_kind!r}; choose one of {', '.join(SPLITS)}"
            )
        if not 0 < self.test_size < 1 or not 0 <= self.validation_size < 1:
            raise InkgradError(
                f"the test size is {self.test_size} and the validation size "
                f"{self.validation_size}; give shares between 0 and 1"
            )
        if self.limit is not None and self.limit < 2:
            raise InkgradError(f"the limit is {self.limit} drawings a class; give at least 2")

    def split(self, drawings: Drawings) -> Parts:
        """Part the drawings: by content and seed, so that no drawing stands on two sides."""
        if self.split_kind == "notebook":
            rest, test = notebook_split(drawings)
        else:
            rest, test = split(drawings, test_size=self.test_size, seed=self.recipe.seed)
        aside = rest[:0]
        if self.validation_size > 0:
            rest, aside = validation_split(
                drawings, rest, validation_size=self.validation_size, seed=self.recipe.seed
            )
        return Parts(drawings.subset(rest), drawings.subset(aside), drawings.subset(test))

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain values, ready for JSON."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**plain, "classes": list(self.classes), "recipe": self.recipe.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Settings:
        """Rebuild settings from `to_dict`'s values.

        Raises
        ------
        InkgradError
            If a value is missing, unknown or unusable.
        """
        try:
            return cls(**{**values, "recipe": Recipe.from_dict(values["recipe"])})
        except (TypeError, KeyError, AttributeError) as error:
            raise InkgradError(f"the training settings are damaged: {error}") from error

    @classmethod
    def choose(cls, classes: Sequence[str], choices: Mapping[str, Any], **names: Any) -> Settings:
        """Build settings from single choices: any field of `Settings` or `Recipe`, by name.

        Raises
        ------
        InkgradError
            If there is no setting of a name, or a value is unusable.

        Examples
        --------
        >>> settings = Settings.choose(("cat", "dog"), {"limit": 100, "epochs": 3})
        >>> settings.limit, settings.recipe.epochs
        (100, 3)
        """
        own = {name: value for name, value in choices.items() if name in _OWN_CHOICES}
        recipe = {name: value for name, value in choices.items() if name not in _OWN_CHOICES}
        return cls(tuple(classes), recipe=Recipe.from_dict(recipe), **own, **names)

    def differences(self, choices: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of the choices that these settings do not have, with what they have.

        Examples
        --------
        >>> Settings.choose(("cat", "dog"), {"epochs": 3}).differences({"epochs": 4, "seed": 42})
        {'epochs': 3}
        """
        have = {**self.recipe.to_dict(), **self.to_dict()}
        return {name: have.get(name) for name, value in choices.items() if have.get(name) != value}
