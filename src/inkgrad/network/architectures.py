"""Networks by name: the seed, and a family of normalised convolutions from tiny to wide."""

from __future__ import annotations

from inkgrad.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    MaxPool2D,
    ReLU,
)
from inkgrad.network.network import Network

__all__ = ["seed_network", "sketch_network", "tiny_network"]


def seed_network(classes: int = 5) -> Network:
    """Return the network that inkgrad grew from: two convolutions, two dense layers.

    28×28 → conv 3×3, 32 → ReLU → pool 2 → conv 3×3, 64 → ReLU → pool 2 → 3136 → dense 128 → ReLU
    → dense `classes`. For five classes it learns 320 + 18,496 + 401,536 + 645 = 420,997 numbers
    and takes 4.24 million multiply-adds a drawing.

    Examples
    --------
    >>> print(seed_network().summary())
    layer           output  parameters  multiply-adds
    -------------------------------------------------
    conv1     (32, 28, 28)         320        225,792
    relu1     (32, 28, 28)           0              0
    pool1     (32, 14, 14)           0              0
    conv2     (64, 14, 14)      18,496      3,612,672
    relu2     (64, 14, 14)           0              0
    pool2       (64, 7, 7)           0              0
    flatten1       (3136,)           0              0
    dense1          (128,)     401,536        401,408
    relu3           (128,)           0              0
    dense2            (5,)         645            640
    -------------------------------------------------
    total                      420,997      4,240,512
    """
    return Network(
        [
            Conv2D(32, 3, padding=1),
            ReLU(),
            MaxPool2D(2),
            Conv2D(64, 3, padding=1),
            ReLU(),
            MaxPool2D(2),
            Flatten(),
            Dense(128),
            ReLU(),
            Dense(classes),
        ]
    )


def sketch_network(classes: int = 345, *, last: int = 128) -> Network:
    """Return the network for many classes: seven convolutions, each normalised.

    [conv 3×3 → norm → ReLU] twice with 32 filters, pool, twice with 64, pool, twice with 128, once
    with `last`; then each map's mean, dropout 0.1 and a dense layer. A convolution has no bias: the
    norm behind it takes any away and adds its own. For 345 classes it learns 479,097 numbers, or
    575,033 with 192 filters in the last convolution.

    Examples
    --------
    >>> network = sketch_network()
    >>> network.size, network.statistics_size, network.output_shape
    (479097, 1152, (345,))
    >>> sketch_network(last=192).size
    575033
    """
    return Network(
        [
            *_normalised(32),
            *_normalised(32),
            MaxPool2D(2),
            *_normalised(64),
            *_normalised(64),
            MaxPool2D(2),
            *_normalised(128),
            *_normalised(128),
            *_normalised(last),
            GlobalAveragePool(),
            Dropout(0.1),
            Dense(classes),
        ]
    )


def tiny_network(classes: int = 345) -> Network:
    """Return a network of few numbers: four normalised convolutions with 16 to 64 filters.

    [conv 3×3 → norm → ReLU] with 16 filters, pool, twice with 32, pool, once with 64; then each
    map's mean and a dense layer. A class costs 65 numbers; for 345 classes it learns 55,113.

    Examples
    --------
    >>> tiny_network().size, tiny_network(5).size
    (55113, 33013)
    """
    return Network(
        [
            *_normalised(16),
            MaxPool2D(2),
            *_normalised(32),
            *_normalised(32),
            MaxPool2D(2),
            *_normalised(64),
            GlobalAveragePool(),
            Dense(classes),
        ]
    )


def _normalised(filters: int) -> list[Layer]:
    """Return a 3×3 convolution, without a bias as its norm has one, that norm, and ReLU."""
    return [Conv2D(filters, 3, padding=1, bias=False), BatchNorm(), ReLU()]
