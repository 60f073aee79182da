"""The book: one operation a file, forward and backward, derived and written out in NumPy.

These functions are the truth that every faster engine is checked against.
"""

from inkgrad.layers.average import AveragePool2D, GlobalAveragePool
from inkgrad.layers.conv import Conv2D
from inkgrad.layers.dense import Dense
from inkgrad.layers.dropout import Dropout
from inkgrad.layers.flatten import Flatten
from inkgrad.layers.layer import Array, Layer, Saved, Shape
from inkgrad.layers.leaky_relu import LeakyReLU
from inkgrad.layers.mode import INFERENCE, Mode
from inkgrad.layers.norm import BatchNorm
from inkgrad.layers.parallel import Parallel
from inkgrad.layers.pool import MaxPool2D
from inkgrad.layers.relu import ReLU
from inkgrad.layers.softmax import NO_CLASS, SoftmaxCrossEntropy, log_softmax, softmax

__all__ = [
    "INFERENCE",
    "LAYERS",
    "NO_CLASS",
    "Array",
    "AveragePool2D",
    "BatchNorm",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAveragePool",
    "Layer",
    "LeakyReLU",
    "MaxPool2D",
    "Mode",
    "Parallel",
    "ReLU",
    "Saved",
    "Shape",
    "SoftmaxCrossEntropy",
    "log_softmax",
    "softmax",
]

LAYERS: dict[str, type[Layer]] = {
    layer.__name__: layer
    for layer in (
        AveragePool2D,
        BatchNorm,
        Conv2D,
        Dense,
        Dropout,
        Flatten,
        GlobalAveragePool,
        LeakyReLU,
        MaxPool2D,
        Parallel,
        ReLU,
    )
}
"""Every kind of layer by the name that a model file calls it."""
