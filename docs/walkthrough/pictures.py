"""The walkthrough's pictures: one style, so that a colour means the same thing on every page.

Ink is dark blue on white paper. Where numbers have a sign, orange is positive and blue negative
(a pair that colour-blind readers can tell apart), and white is zero.
"""

from __future__ import annotations

import inspect
import re
import textwrap

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown, display
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.patches import Rectangle
from matplotlib_inline.backend_inline import set_matplotlib_formats

INK, PLUS, MINUS, GREY, PALE = "#16264f", "#d9600a", "#1f6fb4", "#6b7280", "#e5e7eb"
ink = LinearSegmentedColormap.from_list("ink", ["#ffffff", "#c9d4ea", "#5874ad", INK])
signed = LinearSegmentedColormap.from_list(
    "signed", ["#0b3d6e", MINUS, "#a9cfea", "#ffffff", "#fbcf9d", PLUS, "#8a3a00"]
)
WIDTH = 8.0  # inches: every figure is as wide as the page, so that all letters are equally large


def use_style() -> None:
    """Set the page's style; each chapter calls this once."""
    mpl.rcParams.update(
        {
            "figure.dpi": 150,
            "figure.figsize": (WIDTH, 3.0),
            "figure.constrained_layout.use": True,
            "font.size": 9,
            "axes.titlesize": 9.5,
            "axes.titlecolor": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": GREY,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": mpl.cycler(color=[PLUS, MINUS, INK, GREY]),
            "xtick.color": GREY,
            "ytick.color": GREY,
            "image.interpolation": "nearest",
            "legend.frameon": False,
        }
    )
    set_matplotlib_formats("png", bbox_inches=None)


def code(*functions: object) -> None:
    """Show the library's own source of each function, cut down to what is computed."""
    parts = []
    for function in functions:
        module = inspect.getmodule(function).__name__
        source = essence(textwrap.dedent(inspect.getsource(function)))
        parts.append(f"```python\n# {module}\n{source}\n```")
    display(Markdown("\n\n".join(parts)))


def essence(source: str) -> str:
    """Leave out examples, and notes to the type checker."""
    text = re.sub(r"  # type: ignore\S*", "", source.rstrip())
    return re.sub(r"\n\n    (\w+)\n    -+\n.*?(?=\n    \"\"\")", "", text, flags=re.DOTALL)


def limits(values: np.ndarray, with_sign: bool) -> Normalize:
    """Return the colour scale of `values`: zero is white, the largest size is darkest."""
    largest = float(np.abs(values).max()) or 1.0
    return Normalize(-largest if with_sign else 0.0, largest)


def paper(ax, picture, title="", *, with_sign=False, norm=None, frame=PALE):
    """Draw one picture without axes."""
    norm = norm or limits(picture, with_sign)
    ax.imshow(picture, cmap=signed if with_sign else ink, norm=norm)
    ax.set(title=title, xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set(visible=True, color=frame, linewidth=0.8)


def row(pictures, titles, *, with_sign=False, height=2.2, shared=False):
    """Draw pictures side by side; `with_sign` may be one answer or one for each."""
    signs = with_sign if isinstance(with_sign, (list, tuple)) else [with_sign] * len(pictures)
    figure, axes = plt.subplots(1, len(pictures), figsize=(WIDTH, height), squeeze=False)
    norm = limits(np.concatenate([np.ravel(p) for p in pictures]), signs[0]) if shared else None
    for ax, picture, title, sign in zip(axes[0], pictures, titles, signs, strict=True):
        paper(ax, picture, title, with_sign=sign, norm=norm)
    plt.show()
    return figure


def grid(pictures, columns, *, title="", with_sign=False, shared=True, height=None):
    """Draw many small pictures in rows of `columns`, all on one colour scale if `shared`."""
    rows = -(-len(pictures) // columns)
    height = height or WIDTH / columns * rows + (0.35 if title else 0.05)
    figure, axes = plt.subplots(rows, columns, figsize=(WIDTH, height), squeeze=False)
    norm = limits(np.asarray(pictures), with_sign) if shared else None
    for ax in axes.flat:
        ax.axis("off")
    for ax, picture in zip(axes.flat, pictures, strict=False):
        ax.axis("on")
        paper(ax, picture, with_sign=with_sign, norm=norm)
    if title:
        figure.suptitle(title, color=INK, fontsize=9.5)
    plt.show()
    return figure


def numbers(ax, values, title="", *, with_sign=False, norm=None, form="{:.2f}", size=8.5):
    """Draw a small table of numbers, each cell coloured by its number."""
    norm = norm or limits(values, with_sign)
    paper(ax, values, title, with_sign=with_sign, norm=norm, frame=GREY)
    for (r, c), value in np.ndenumerate(values):
        dark = abs(norm(value) - (0.5 if with_sign else 0)) > (0.3 if with_sign else 0.6)
        text = form.format(value).replace("-", "−")
        ax.text(c, r, text, ha="center", va="center", fontsize=size, color="w" if dark else INK)
    ax.set_xticks(np.arange(values.shape[1] + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(values.shape[0] + 1) - 0.5, minor=True)
    ax.grid(which="minor", color=PALE, linewidth=0.8)
    ax.tick_params(which="minor", length=0)


def sign(ax, text, size=20):
    """Write a sign (×, =, +) between two tables."""
    ax.axis("off")
    ax.text(0.5, 0.5, text, ha="center", va="center", fontsize=size, color=INK)


def frame(ax, row, column, height, width, color=PLUS):
    """Mark a rectangle of cells, such as the patch that a filter is lying on."""
    ax.add_patch(
        Rectangle((column - 0.5, row - 0.5), width, height, fill=False, lw=2, ec=color, zorder=5)
    )


def patch_sum(picture, row_, column, kernel, bias):
    """Draw where a patch lies, and patch × filter = products, summed to one number."""
    f = len(kernel)
    patch = picture[row_ : row_ + f, column : column + f]
    products = patch * kernel + 0.0  # which turns −0 into 0
    figure, axes = plt.subplots(
        1, 7, figsize=(WIDTH, 2.3), width_ratios=[1.35, 1, 0.16, 1, 0.16, 1, 0.95]
    )
    paper(axes[0], picture, "the picture X")
    frame(axes[0], row_, column, f, f)
    numbers(axes[1], patch, "the patch", norm=Normalize(0, 1))
    sign(axes[2], "×")
    numbers(axes[3], kernel, "the filter K", with_sign=True, form="{:g}")
    sign(axes[4], "=")
    numbers(axes[5], products, "cell by cell", with_sign=True)
    axes[6].axis("off")
    total = f"sum  {products.sum():.2f}\n\n+ b  {bias:g}\n\nz = {products.sum() + bias:.2f}"
    axes[6].text(0.1, 0.5, total.replace("-", "−"), va="center", color=INK, fontsize=11)
    plt.show()
    return figure


def bars(ax, names, values, title="", *, with_sign=False, form="{:.2f}", marked=None):
    """Draw one horizontal bar a class, the first on top; `marked` is drawn in orange."""
    colors = [
        (PLUS if v > 0 else MINUS) if with_sign else (PLUS if n == marked else INK)
        for n, v in zip(names, values, strict=True)
    ]
    ax.barh(names, values, color=colors, height=0.62)
    ax.invert_yaxis()
    ax.set_title(title)
    ax.spines[["bottom", "left"]].set_visible(False)
    ax.set_xticks([])
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.axvline(0, color=GREY, lw=0.8)
    span = float(np.abs(values).max()) or 1.0
    for i, value in enumerate(values):
        ax.text(
            value + 0.04 * span * (-1 if value < 0 else 1),
            i,
            form.format(value).replace("-", "−"),
            va="center",
            ha="right" if value < 0 else "left",
            color=INK,
        )
    ax.set_xlim((-1.6 if min(values) < 0 else 0) * span, (1.35 if max(values) > 0 else 0.05) * span)


def confusion(matrix, names, title=""):
    """Draw a confusion matrix: a row for each true class, shaded by its share of the row."""
    share = matrix / matrix.sum(axis=1, keepdims=True)
    figure, ax = plt.subplots(figsize=(WIDTH, 0.55 * len(names) + 1.3))
    paper(ax, share, title, norm=Normalize(0, 1), frame=GREY)
    for (r, c), count in np.ndenumerate(matrix):
        color = "w" if share[r, c] > 0.5 else (INK if count else GREY)
        ax.text(c, r, f"{count:,}", ha="center", va="center", color=color)
    ax.set_xticks(range(len(names)), names)
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="the network's answer", ylabel="what it is", aspect=0.55)
    ax.tick_params(length=0, labelcolor=INK)
    plt.show()
    return figure
