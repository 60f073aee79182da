"""The book: one operation a file, forward and backward, derived and written out in NumPy.

These functions are the truth that every faster engine is proved equal to.
"""

from inkgrad.layers.conv import Conv2D
from inkgrad.layers.dense import Dense
from inkgrad.layers.flatten import Flatten
from inkgrad.layers.layer import Array, Layer, Saved, Shape
from inkgrad.layers.pool import MaxPool2D
from inkgrad.layers.relu import ReLU
from inkgrad.layers.softmax import SoftmaxCrossEntropy, log_softmax, softmax

__all__ = [
    "LAYERS",
    "Array",
    "Conv2D",
    "Dense",
    "Flatten",
    "Layer",
    "MaxPool2D",
    "ReLU",
    "Saved",
    "Shape",
    "SoftmaxCrossEntropy",
    "log_softmax",
    "softmax",
]

LAYERS: dict[str, type[Layer]] = {
    layer.__name__: layer for layer in (Conv2D, Dense, Flatten, MaxPool2D, ReLU)
}
"""Every kind of layer by the name that a model file calls it."""
