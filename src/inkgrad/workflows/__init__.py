"""Workflows: what each command does, as a function: from the drawings to the result."""

from inkgrad.workflows.check import check, check_exact
from inkgrad.workflows.demo import demo
from inkgrad.workflows.download import download
from inkgrad.workflows.evaluate import Evaluated, evaluate
from inkgrad.workflows.explain import explain
from inkgrad.workflows.export import Exported, export_html, export_model
from inkgrad.workflows.info import info
from inkgrad.workflows.inspect import Inspected, inspect
from inkgrad.workflows.networks import find_network
from inkgrad.workflows.pack import Packed, pack
from inkgrad.workflows.predict import Prediction, predict
from inkgrad.workflows.preview import Previewed, preview
from inkgrad.workflows.settings import Parts, Settings
from inkgrad.workflows.show import Shown, show
from inkgrad.workflows.train import Trained, train
from inkgrad.workflows.tune import Tuned, tune

__all__ = [
    "Evaluated",
    "Exported",
    "Inspected",
    "Packed",
    "Parts",
    "Prediction",
    "Previewed",
    "Settings",
    "Shown",
    "Trained",
    "Tuned",
    "check",
    "check_exact",
    "demo",
    "download",
    "evaluate",
    "explain",
    "export_html",
    "export_model",
    "find_network",
    "info",
    "inspect",
    "pack",
    "predict",
    "preview",
    "show",
    "train",
    "tune",
]
