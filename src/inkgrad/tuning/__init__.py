r"""Tuning: classes added to, refined in and removed from the last dense layer, without training.

What the rest of the network makes of a drawing, its features x, stays; only columns of the last
layer, z = x·W + b, change. The old drawings are not at hand, but the model file remembers what the
last layer was given for some of them (`inkgrad.features.Features`). Softmax regression on these and
on the new drawings' features, all other columns fixed, gives the new ones (`tuning.regression`).

Everything here is a pure function of features: the page computes the same in JavaScript.
"""

from inkgrad.tuning.adding import add_classes
from inkgrad.tuning.head import Head, head_of, remove_classes, with_head
from inkgrad.tuning.refining import refine_classes
from inkgrad.tuning.regression import Change

__all__ = [
    "Change",
    "Head",
    "add_classes",
    "head_of",
    "refine_classes",
    "remove_classes",
    "with_head",
]
