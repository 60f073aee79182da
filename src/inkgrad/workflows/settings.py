"""What a training run was asked for: kept beside it, so that it can be resumed and repeated."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from inkgrad.drawing.variants import Variation
from inkgrad.errors import DataError, InkgradError
from inkgrad.network import Network, seed_network
from inkgrad.quickdraw import Drawings, notebook_split, validation_split
from inkgrad.quickdraw import split as stratified_split
from inkgrad.quickdraw.cache import without_secrets
from inkgrad.quickdraw.data_locations import Mirror, find_data_location
from inkgrad.quickdraw.folds import fold_numbers
from inkgrad.training import Recipe
from inkgrad.workflows.networks import fit_to_classes

__all__ = ["SPLITS", "Parts", "Settings", "name_of_place"]

SPLITS = ("stratified", "notebook")
_OWN_CHOICES = (
    *("limit", "split", "split_seed", "fold", "test_size", "validation_size"),
    *("balance", "per_class", "augment", "variation", "suspicious", "outliers", "start", "own"),
)
_PATHS = {
    "suspicious": "path of a suspicious.json",
    "start": "model file",
    "own": "folder of drawings",
}
_TEST_SIZE = 0.2
_NOTEBOOK_TEST_SIZE = 0.2  # the seed notebook's split has no other


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
        The absolute path or the address that was named (see `name_of_place`); None for the cache,
        Google's bucket or built-in doodles.
    limit : int, optional
        At most so many drawings a class.
    split : "stratified" or "notebook"
        `inkgrad.quickdraw.split`, or the seed notebook's own, which knows neither seed nor size.
    split_seed : int, optional
        Decides the stratified split; by default the recipe's seed.
    fold : str, optional
        Such as ``"2/5"``: what is set aside to judge by is the second of five parts
        (`inkgrad.quickdraw.folds.fold_numbers`), so that five runs judge by every drawing once.
    test_size, validation_size : float
        The share of all drawings that is set aside to judge by, and the share of the rest by
        which the best weights are chosen.
    balance : bool
        Show drawings of rare classes more often, see `inkgrad.quickdraw.Balanced`.
    per_class : int, optional
        How many drawings of each class an epoch shows, see `inkgrad.quickdraw.Even`; by default
        all of them.
    augment : int
        How often an epoch meets each drawing, each time in a new variant (see
        `inkgrad.quickdraw.Varied`); 0 for the drawings as they are, once.
    variation : Variation or dict
        How different variants are; of a dict, what is not named is as usual.
    suspicious : path, optional
        A list that `inspect` has written: drawings in it are not learnt from. Those held out stay
        as they are.
    outliers : float
        How many drawings of none of the classes to show for each of theirs, see
        `inkgrad.training.WithOutliers`; 0 for none.
    start : str, optional
        The model whose numbers training starts from, see `inkgrad.workflows.start.start_from`;
        None to start from chance.
    own : str, optional
        Drawings of one's own that are mixed in, see `inkgrad.quickdraw.load_mixed`.
    recipe : Recipe
        How to train; its seed also decides the first weights, the order and the variants.
    network : dict, optional
        The network's description, as `Network.to_config` gives it; None for the seed network.
    """

    classes: tuple[str, ...]
    task: str | None = None
    data: str | None = None
    limit: int | None = None
    split: str = "stratified"
    split_seed: int | None = None
    fold: str | None = None
    test_size: float = _TEST_SIZE
    validation_size: float = 0.05
    balance: bool = False
    per_class: int | None = None
    augment: int = 0
    variation: Variation = field(default_factory=Variation)
    suspicious: str | None = None
    outliers: float = 0.0
    start: str | None = None
    own: str | None = None
    recipe: Recipe = field(default_factory=Recipe)
    network: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))
        if not all(isinstance(name, str) and name for name in self.classes):
            raise InkgradError("a class of the run has no name; name each as in cat,dog")
        if len(self.classes) < 2:
            raise InkgradError(
                f"{len(self.classes)} class is too few to tell apart; name two or more"
            )
        if self.split not in SPLITS:
            raise InkgradError(f"the split is {self.split!r}; choose one of {', '.join(SPLITS)}")
        if self.split == "notebook" and self.test_size != _NOTEBOOK_TEST_SIZE:
            raise InkgradError(
                f"the test size is {self.test_size}, but the notebook's split has "
                f"{_NOTEBOOK_TEST_SIZE}; leave it out, or choose the stratified split"
            )
        if self.fold is not None:
            _, folds = _parse_fold(self.fold)
            if self.split != "stratified" or self.test_size not in (_TEST_SIZE, 1 / folds):
                raise InkgradError(
                    f"the fold is {self.fold}, which says what to judge by; leave out the split "
                    "and the test size"
                )
        if not 0 < self.test_size < 1 or not 0 <= self.validation_size < 1:
            raise InkgradError(
                f"the test size is {self.test_size} and the validation size "
                f"{self.validation_size}; give shares between 0 and 1"
            )
        if self.limit is not None and self.limit < 2:
            raise InkgradError(f"the limit is {self.limit} drawings a class; give at least 2")
        for name, wanted in _PATHS.items():
            if not isinstance(value := getattr(self, name), str | None):
                raise InkgradError(f"{name} is {value!r}; give the {wanted}")
        if self.per_class is not None:
            self._check_whole("per_class", "drawings of each class in an epoch", least=1)
            if self.balance:
                raise InkgradError(
                    f"per_class is {self.per_class}, which shows all classes alike, and balance is "
                    "asked for besides; leave one of them out"
                )
        if not _is_share(self.outliers):
            raise InkgradError(
                f"outliers is {self.outliers!r}; give a number for each drawing, such as 0.25, or 0"
            )
        self._check_whole("augment", "how often to meet each drawing in an epoch, or 0")
        if self.split_seed is None:
            object.__setattr__(self, "split_seed", self.recipe.seed)
        self._check_whole("split_seed", "0 or more")
        object.__setattr__(self, "variation", _as_variation(self.variation))
        if self.recipe.patience is not None and self.validation_size == 0:
            raise InkgradError(
                "patience watches the validation loss, but the validation size is 0; "
                "give a larger one, or no patience"
            )

    def _check_whole(self, name: str, wanted: str, least: int = 0) -> None:
        """Refuse a setting that is not a whole number, or too small."""
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise InkgradError(f"{name} is {value!r}; give a whole number: {wanted}")

    def make_network(self) -> Network:
        """Return the network that is trained, with an output for each class.

        Raises
        ------
        ShapeError
            If its description is damaged, or of another number of classes.

        Examples
        --------
        >>> Settings(("cat", "dog")).make_network().output_shape
        (2,)
        """
        if self.network is None:
            return seed_network(len(self.classes))
        network = Network.from_config(self.network)
        return fit_to_classes(network, len(self.classes), "the run's network")

    def divide(self, drawings: Drawings) -> Parts:
        """Part the drawings: by content and seed, so that no drawing stands on two sides."""
        seed = self.recipe.seed if self.split_seed is None else self.split_seed
        if self.split == "notebook":
            rest, test = notebook_split(drawings)
        elif self.fold is not None:
            number, folds = _parse_fold(self.fold)
            is_test = fold_numbers(drawings, folds, seed=seed) == number - 1
            rest, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
        else:
            rest, test = stratified_split(drawings, test_size=self.test_size, seed=seed)
        aside = rest[:0]
        if self.validation_size > 0:
            try:
                rest, aside = validation_split(
                    drawings, rest, validation_size=self.validation_size, seed=seed
                )
            except DataError:  # of no class are two left: they train, and nothing validates
                if self.recipe.patience is not None:
                    raise InkgradError(
                        f"{len(drawings):,} drawings, at most {max(drawings.counts().values()):,} "
                        "of a class, leave none for the validation that patience watches; give "
                        "more drawings, or no patience"
                    ) from None
        return Parts(drawings.subset(rest), drawings.subset(aside), drawings.subset(test))

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain values, ready for JSON."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {
            **plain,
            "classes": list(self.classes),
            "variation": self.variation.to_dict(),
            "recipe": self.recipe.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Settings:
        """Rebuild settings from `to_dict`'s values.

        Those of an inkgrad that knew no `split_seed` are understood too: its `augment` was 1 where
        drawings were shown as they are.

        Raises
        ------
        InkgradError
            If a value is missing, unknown or unusable.
        """
        try:
            known = {**values, "recipe": Recipe.from_dict(values["recipe"])}
            if "split_seed" not in known and known.get("augment") == 1:
                known["augment"] = 0
            return cls(**known)
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

    def choices(self) -> dict[str, Any]:
        """Return every single choice by its name, as `choose` takes them.

        Examples
        --------
        >>> Settings.choose(("cat", "dog"), {"epochs": 3}).choices()["epochs"]
        3
        """
        own = {name: getattr(self, name) for name in _OWN_CHOICES}
        return {**own, "variation": self.variation.to_dict(), **self.recipe.to_dict()}

    def differences(self, choices: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of the choices that these settings do not have, with what they have.

        Examples
        --------
        >>> Settings.choose(("cat", "dog"), {"epochs": 3}).differences({"epochs": 4, "seed": 42})
        {'epochs': 3}
        """
        have = self.choices()
        if "variation" in choices:
            choices = {**choices, "variation": _as_variation(choices["variation"]).to_dict()}
        return {name: have.get(name) for name, value in choices.items() if have.get(name) != value}


def _parse_fold(fold: object) -> tuple[int, int]:
    """Return which fold is meant, from 1, and of how many."""
    found = re.fullmatch(r"([1-9]\d{0,3})/([1-9]\d{0,3})", fold) if isinstance(fold, str) else None
    if found is None or not 1 <= int(found[1]) <= int(found[2]) or int(found[2]) < 2:
        raise InkgradError(f"the fold is {fold!r}; give which of how many, such as 2/5")
    return int(found[1]), int(found[2])


def _is_share(value: object) -> bool:
    """Whether a value is a number from 0 to 10."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 10


def _as_variation(value: Any) -> Variation:
    """Return a variation, or the one that some strengths by name make."""
    return value if isinstance(value, Variation) else Variation.from_dict(value)


def name_of_place(data: str | os.PathLike[str] | None) -> str | None:
    """Return a place of drawings by a name that still means it tomorrow, from any folder.

    Parameters
    ----------
    data : path or address, optional
        As for `inkgrad.quickdraw.load_drawings`: by default what ``INKGRAD_DATA`` names.

    Returns
    -------
    name : str or None
        An absolute path, or an address without the user and password that it may hold; None if
        no place is named.

    Examples
    --------
    >>> name_of_place("https://me:secret@example.org/quickdraw/")
    'https://example.org/quickdraw'
    """
    place = find_data_location(data)
    if place is None:
        return None
    return without_secrets(place.url) if isinstance(place, Mirror) else os.path.abspath(place.path)
