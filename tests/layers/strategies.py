"""What hypothesis draws: layers with inputs that fit them, in every arrangement of memory."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

from inkgrad.layers import (
    INFERENCE,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    LeakyReLU,
    MaxPool2D,
    Mode,
    Parallel,
    ReLU,
)
from inkgrad.layers.conv import both_sides
from inkgrad.layers.layer import pair

ARRANGEMENTS = ("contiguous", "columns first", "every other", "backwards", "axes turned")


def arranged(values: np.ndarray, how: str) -> np.ndarray:
    """Return an array equal to `values` that lies otherwise in memory."""
    if how == "columns first":
        return np.asfortranarray(values)
    if how == "every other":  # views into a larger array, with gaps between the elements
        wide = np.full((*values.shape[:-1], 2 * values.shape[-1]), np.nan, values.dtype)
        wide[..., ::2] = values
        return wide[..., ::2]
    if how == "backwards":  # negative strides
        return np.flip(np.ascontiguousarray(np.flip(values)))
    if how == "axes turned":
        return np.ascontiguousarray(values.T).T
    return np.ascontiguousarray(values)


@dataclass
class Case:
    """A layer, an input that it can take, its numbers, and a gradient dy that fits its output."""

    layer: Layer
    x: np.ndarray
    parameters: dict[str, np.ndarray]
    dy: np.ndarray
    rng: np.random.Generator = field(repr=False)
    statistics: dict[str, np.ndarray] = field(default_factory=dict)
    mode: Mode = INFERENCE

    def forward(self, **changed: np.ndarray) -> tuple[np.ndarray, tuple]:
        """Carry the layer out, with some of its arguments changed."""
        arguments = {"x": self.x, **self.parameters, **self.statistics, **changed}
        if self.layer.takes_mode:
            return self.layer.forward(arguments.pop("x"), **arguments, mode=self.mode)
        return self.layer.forward(arguments.pop("x"), **arguments)

    @classmethod
    def of(
        cls,
        layer: Layer,
        x_shape: tuple[int, ...],
        seed: int = 0,
        how: str = "contiguous",
        dtype: type = np.float64,
        mode: Mode = INFERENCE,
    ) -> Case:
        """Fill arrays of the right shapes with random numbers; those measured are positive."""
        rng = np.random.default_rng(seed)
        shapes = layer.parameter_shapes(x_shape[1:])
        dy_shape = (x_shape[0], *layer.output_shape(x_shape[1:]))
        return cls(
            layer,
            arranged(away_from_ties(x_shape, rng).astype(dtype), how),
            {
                name: arranged(rng.standard_normal(shape).astype(dtype), how)
                for name, shape in shapes.items()
            },
            arranged(rng.standard_normal(dy_shape).astype(dtype), how),
            rng,
            {
                name: rng.uniform(0.5, 2.0, shape).astype(dtype)
                for name, shape in layer.state_shapes(x_shape[1:]).items()
            },
            mode,
        )


def away_from_ties(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return random values no two of which are close, and none close to 0.

    ReLU and max-pool have kinks where values tie; a small step must not cross one.
    """
    size = int(np.prod(shape))
    values = (rng.permutation(size) + 0.5 - size // 2) / max(1.0, np.sqrt(size))
    return values.reshape(shape)


def pairs(least: int, most: int) -> st.SearchStrategy[int | tuple[int, int]]:
    """Draw one number, or (rows, columns)."""
    number = st.integers(least, most)
    return number | st.tuples(number, number)


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[Conv2D, tuple[int, ...]]:
    """Draw a convolution with any settings, and an input shape that fits it."""
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    sides = st.tuples(pairs(0, 2), pairs(0, 2))
    layer = Conv2D(
        groups * draw(st.integers(1, 3)),
        draw(pairs(1, 4)),
        draw(pairs(1, 3)),
        draw(pairs(0, 2) | sides),
        draw(st.just(1) | pairs(1, 3)),
        groups,
        draw(st.booleans()),
    )
    shape = []
    lengths = zip(
        pair(layer.size, "size"),
        pair(layer.dilation, "dilation"),
        both_sides(layer.padding, "padding"),
        strict=True,
    )
    for size, dilation, padding in lengths:
        least = max(1, (size - 1) * dilation + 1 - sum(padding))
        shape.append(draw(st.integers(least, least + 5)))
    return layer, (draw(st.integers(1, 3)), groups * draw(st.integers(1, 3)), *shape)


@st.composite
def pools(draw: st.DrawFn) -> tuple[MaxPool2D, tuple[int, ...]]:
    """Draw a pool of any size, stride and padding, overlapping or with gaps, and an input shape."""
    size, stride = draw(pairs(1, 4)), draw(st.none() | pairs(1, 5))
    fh, fw = pair(size, "size")
    padding = draw(st.just(0) | st.tuples(st.integers(0, fh - 1), st.integers(0, fw - 1)))
    ph, pw = pair(padding, "padding", least=0)
    height = draw(st.integers(max(1, fh - 2 * ph), fh + 6))
    width = draw(st.integers(max(1, fw - 2 * pw), fw + 6))
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 3)), height, width)
    return MaxPool2D(size, stride, padding), shape


@st.composite
def averages(
    draw: st.DrawFn,
) -> tuple[AveragePool2D | GlobalAveragePool, tuple[int, ...]]:
    """Draw an average pool, of windows that may overlap or of whole maps, and an input shape."""
    size, stride = draw(pairs(1, 4)), draw(st.none() | pairs(1, 5))
    fh, fw = pair(size, "size")
    height, width = draw(st.integers(fh, fh + 6)), draw(st.integers(fw, fw + 6))
    layer = draw(st.sampled_from([AveragePool2D(size, stride), GlobalAveragePool()]))
    return layer, (draw(st.integers(1, 3)), draw(st.integers(1, 3)), height, width)


@st.composite
def denses(draw: st.DrawFn) -> tuple[Dense, tuple[int, ...]]:
    """Draw a dense layer and an input shape."""
    return Dense(draw(st.integers(1, 6))), (draw(st.integers(1, 4)), draw(st.integers(1, 7)))


@st.composite
def shapeless(draw: st.DrawFn) -> tuple[Layer, tuple[int, ...]]:
    """Draw a layer that takes any shape, and a shape of two to four axes."""
    layer = draw(
        st.sampled_from(
            [
                ReLU(),
                LeakyReLU(draw(st.sampled_from([0.0, 0.01, 0.3]))),
                Flatten(),
                Dropout(draw(st.sampled_from([0.0, 0.2, 0.9]))),
            ]
        )
    )
    shape = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    return layer, tuple(shape)


@st.composite
def norms(draw: st.DrawFn) -> tuple[BatchNorm, tuple[int, ...]]:
    """Draw a batch norm for rows or pictures, and a shape of several shards or less than one.

    With a large ε it is far from the steps that few numbers make of it without: x̂ = ±1 for two.
    """
    layer = BatchNorm(
        draw(st.integers(1, 4)), draw(st.sampled_from([0.1, 1.0])), draw(st.sampled_from([0.1, 2]))
    )
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    return layer, (draw(st.integers(1, 9)), *shape)


@st.composite
def parallels(draw: st.DrawFn) -> tuple[Parallel, tuple[int, ...]]:
    """Draw branches of rows, one of them perhaps the identity, perhaps one within another."""
    channels = draw(st.integers(1, 3))
    norm = BatchNorm(2, epsilon=0.5)
    rows = {
        "identity": [],
        "filters": [Conv2D(channels, 3, padding=1), norm, LeakyReLU(0.3), Conv2D(channels, 1)],
        "depthwise": [
            norm,
            Dropout(0.3),
            Conv2D(channels, (1, 3), padding=(0, 1), groups=channels),
        ],
        "block": [Parallel([[Conv2D(channels, 1)], []]), AveragePool2D(1)],
    }
    names = draw(st.lists(st.sampled_from(sorted(rows)), min_size=1, max_size=3))
    join = draw(st.sampled_from(["add", "concatenate"]))
    shape = draw(st.integers(1, 5)), channels, draw(st.integers(1, 4)), draw(st.integers(1, 4))
    return Parallel([rows[name] for name in names], join), shape


@st.composite
def cases(
    draw: st.DrawFn, layers: st.SearchStrategy[tuple[Layer, tuple[int, ...]]], **fixed: object
) -> Case:
    """Draw a `Case` of one of `layers`, in any arrangement of memory."""
    layer, x_shape = draw(layers)
    how = draw(st.sampled_from(ARRANGEMENTS))
    seed = draw(st.integers(0, 2**32 - 1))
    if layer.takes_mode and "mode" not in fixed:
        fixed = {**fixed, "mode": draw(st.sampled_from([INFERENCE, Mode.of_step(seed, 7)]))}
    return Case.of(layer, x_shape, seed, how, **fixed)


ANY_LAYER = convolutions() | pools() | averages() | denses() | shapeless() | norms() | parallels()
