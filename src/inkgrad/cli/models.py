"""The commands that look into a model or write it in another form: `export`, `info`, `check`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from inkgrad.cli.app import app
from inkgrad.cli.options import AsJson, ModelFile, NetworkName, option
from inkgrad.cli.output import print_json
from inkgrad.errors import InkgradError
from inkgrad.packaged import NAMES

__all__ = ["check", "export", "info"]


@app.command()
def export(
    model: ModelFile,
    as_html: Annotated[
        bool, option("--html", "Write the drawing page as one HTML file that needs no server.")
    ] = False,
    out: Annotated[
        Path | None,
        option(
            "--out -o",
            "File to write: .html for the page, .safetensors for a model file (with --html: "
            "doodles.html).",
            "FILE",
        ),
    ] = None,
    weights: Annotated[
        str | None,
        option(
            "--weights",
            "For a page int8 or float16 (default: int8 for more than 400,000 parameters); for a "
            "model file float16 or float32 (default: float16).",
            "KIND",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        option("--data", "Drawings by which to measure what rounding the weights costs.", "PATH"),
    ] = None,
) -> None:
    """Write a model in another form: one HTML page, or a model file of half the size."""
    from inkgrad import terminal, workflows

    if out is None and not as_html:
        raise InkgradError(
            "nothing to write is named; add --html for the drawing page, or -o FILE.safetensors "
            "for a smaller model file"
        )
    console = terminal.make_console()
    with terminal.working(console, "packing"):
        if as_html or out is None or out.suffix.lower() in (".html", ".htm"):
            exported = workflows.export_html(
                model, out or Path("doodles.html"), weights=weights, data=data
            )
            what = "the page in one file"
        else:
            exported = workflows.export_model(model, out, weights=weights or "float16", data=data)
            what = "the model"
    what += f", {exported.size:,} bytes, weights in {exported.weights}"
    terminal.show_files(console, {what: exported.path})
    if exported.before is not None and exported.after is not None:
        terminal.show_rounding(console, exported.before, exported.after, exported.drawings)


@app.command()
def info(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="A model, by name or file, or a file of drawings (default: the seed network).",
        ),
    ] = None,
    network: NetworkName = None,
    as_json: AsJson = False,
) -> None:
    """Describe a model, a file of drawings or the seed network."""
    from inkgrad import terminal, workflows

    console = terminal.make_console(sys.stderr if as_json else None)
    with terminal.working(console, "reading"):
        facts = workflows.info(path, network=network)
    if as_json:
        print_json(facts)
    else:
        terminal.show_facts(console, facts)


@app.command()
def check(
    model: Annotated[
        Path | None,
        typer.Argument(
            metavar="MODEL",
            help=f"A .safetensors file, {NAMES} (default: the seed network).",
        ),
    ] = None,
    network: NetworkName = None,
    seed: Annotated[int, option("--seed", "Random seed of parameters and inputs.", "N")] = 0,
    exact: Annotated[
        bool,
        option("--exact", "Check all kinds of layers in fractions, where nothing is rounded."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check every derivative numerically, layer by layer."""
    from inkgrad import load, terminal, workflows

    console = terminal.make_console(sys.stderr if as_json else None)
    if sum([model is not None, network is not None, exact]) > 1:
        raise InkgradError(
            "a model, --network and --exact (all kinds of layers, in any network) are different "
            "things to check; name one of them"
        )
    if exact:
        with terminal.working(console, "differentiating in fractions"):
            facts = workflows.check_exact(seed=seed)
        if as_json:
            print_json(facts)
        else:
            terminal.show_exact_checks(console, facts)
        if not facts["passed"]:
            raise typer.Exit(1)
        return
    with terminal.working(console, "differentiating"):
        if model is not None:
            checked = load(model).network
        else:
            checked = workflows.find_network("seed" if network is None else network)
        checks = workflows.check(checked, seed=seed)
    rows = [check.to_dict() for check in checks]
    if as_json:
        print_json(rows)
    else:
        terminal.show_checks(console, rows)
    if not all(row["passed"] for row in rows):
        raise typer.Exit(1)
