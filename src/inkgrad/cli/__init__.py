"""Command line: one function a command, in a module for each kind, no logic of its own."""

from inkgrad.cli import (  # which add the commands
    drawings,
    models,
    page,
    recognising,
    training,
    tuning,
)
from inkgrad.cli.app import app, main

__all__ = ["app", "drawings", "main", "models", "page", "recognising", "training", "tuning"]
