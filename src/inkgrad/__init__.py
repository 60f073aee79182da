"""A convolutional network you can read, checked to the last derivative; it recognises doodles.

Everything public can be reached from here; what is heavy is imported when it is first used.

>>> import inkgrad
>>> inkgrad.seed_network().size
420997
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers take it as true; `typing` takes milliseconds to load
if TYPE_CHECKING:
    from inkgrad.drawing import rasterize
    from inkgrad.errors import InkgradError
    from inkgrad.layers import (
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
    from inkgrad.model import Model, load
    from inkgrad.network import Network, Parameters, seed_network, sketch_network
    from inkgrad.training import Recipe
    from inkgrad.version import __version__
    from inkgrad.web import serve
    from inkgrad.workflows import (
        check,
        demo,
        download,
        evaluate,
        explain,
        export_html,
        export_model,
        info,
        inspect,
        pack,
        predict,
        preview,
        show,
        train,
        tune,
    )

__all__ = [
    "AveragePool2D",
    "BatchNorm",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAveragePool",
    "InkgradError",
    "LeakyReLU",
    "MaxPool2D",
    "Model",
    "Network",
    "Parallel",
    "Parameters",
    "ReLU",
    "Recipe",
    "__version__",
    "check",
    "demo",
    "download",
    "evaluate",
    "explain",
    "export_html",
    "export_model",
    "info",
    "inspect",
    "load",
    "pack",
    "predict",
    "preview",
    "rasterize",
    "seed_network",
    "serve",
    "show",
    "sketch_network",
    "train",
    "tune",
]

_HOMES = {
    "inkgrad.drawing": ["rasterize"],
    "inkgrad.errors": ["InkgradError"],
    "inkgrad.layers": [
        "AveragePool2D",
        "BatchNorm",
        "Conv2D",
        "Dense",
        "Dropout",
        "Flatten",
        "GlobalAveragePool",
        "LeakyReLU",
        "MaxPool2D",
        "Parallel",
        "ReLU",
    ],
    "inkgrad.model": ["Model", "load"],
    "inkgrad.network": ["Network", "Parameters", "seed_network", "sketch_network"],
    "inkgrad.training": ["Recipe"],
    "inkgrad.version": ["__version__"],
    "inkgrad.web": ["serve"],
    "inkgrad.workflows": [
        "check",
        "demo",
        "download",
        "evaluate",
        "explain",
        "export_html",
        "export_model",
        "info",
        "inspect",
        "pack",
        "predict",
        "preview",
        "show",
        "train",
        "tune",
    ],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Import a public name from its home when it is first asked for (PEP 562)."""
    if name in _HOME_OF:
        import importlib

        value = getattr(importlib.import_module(_HOME_OF[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'inkgrad' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
