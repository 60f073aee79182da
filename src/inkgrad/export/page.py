"""The page in one file: markup, style, script and model, to be opened without a server."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
from pathlib import Path

from inkgrad.errors import InkgradError
from inkgrad.export.bundle import bundle
from inkgrad.export.pack import deflate, split_header, split_planes, to_text
from inkgrad.export.rounding import round_file, usual_weights
from inkgrad.model import Model
from inkgrad.storage import atomic_write_bytes
from inkgrad.version import __version__

__all__ = ["make_page", "write_page"]

# Files to be copied, not modules to be imported: what is in them is no business of this room.
_SITE = Path(__file__).parents[1] / "web" / "static"

_MAIN = re.compile(r'[ \t]*<script type="module" src="static/page/main\.js"></script>\n?')
_STYLE = re.compile(r'<link rel="stylesheet" href="static/([\w./-]+\.css)" ?/?>')
_ICON = re.compile(r'(<link rel="icon"[^>]*href=")static/([\w./-]+\.svg)"')
_PRELOAD = re.compile(r'[ \t]*<link rel="modulepreload"[^>]*>\n?')
_OUTSIDE = re.compile(r'<link\b[^>]*href="(?!data:)[^"]*"|\bsrc(?:set)?="(?!data:)[^"]*"')
_COMMENT = re.compile(r'("(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\')|/\*.*?\*/', re.DOTALL)
_BLANK = re.compile(r"\s*\n\s*")
_URL = re.compile(r"@import\b[^;]*|url\(\s*[\"']?(?!data:)[^)]*\)")

_BOOT = """\
(async () => {
  const packed = document.getElementById("inkgrad-script");
  const { unpackText } = inkgradUnpack("page/unpack.js");
  const script = await unpackText(packed.textContent);
  const element = document.createElement("script");
  element.textContent = script;
  packed.replaceWith(element);
  const models = [...document.querySelectorAll(".inkgrad-model")];
  await inkgrad("page/exported.js").open(`${script}inkgrad("page/worker.js");`, models);
})();
"""


def write_page(
    model: Model,
    path: str | os.PathLike[str],
    *,
    name: str = "model",
    weights: str | None = None,
    site: Path | None = None,
) -> int:
    """Write the drawing page with a model as one HTML file that needs no server and no network.

    Parameters
    ----------
    model : Model
    path : path
        The file to write, whole or not at all.
    name : str
        How the page calls the model.
    weights : "float16" or "int8", optional
        In what the page has the weights (see `round_file`); by default int8 for models of more than
        400,000 parameters.
    site : Path, optional
        The folder of the page's files; by default the drawing page.

    The page's network is the model's, folded (see `inkgrad.fold`).

    Returns
    -------
    size : int
        Of the file, in bytes.

    Raises
    ------
    InkgradError
        If a weight is beyond float16, or the page's files cannot be put in one.
    """
    page = make_page(model, name=name, weights=weights, site=site).encode("utf-8", "replace")
    atomic_write_bytes(path, page)
    return len(page)


def make_page(
    model: Model,
    *,
    name: str = "model",
    weights: str | None = None,
    embed: str | None = None,
    site: Path | None = None,
) -> str:
    """Return the page that `write_page` writes: always the same for the same model.

    With `embed`, a panel's name, it is for a frame: the pad and that panel, and nothing else.
    """
    weights = usual_weights(model) if weights is None else weights
    site = _SITE if site is None else site
    script = bundle(site, ["page/exported.js", "page/worker.js"], "inkgrad")
    boot = bundle(site, ["page/unpack.js"], "inkgradUnpack") + _BOOT
    markup = (site / "page" / "index.html").read_text("utf-8")
    markup, mains = _MAIN.subn("", _PRELOAD.sub("", markup))
    if mains != 1:
        raise InkgradError(
            f"{site / 'index.html'} has {mains} scripts; exactly one is expected: "
            '<script type="module" src="static/page/main.js"></script>'
        )
    styles: list[str] = []

    def inline_style(match: re.Match[str]) -> str:
        styles.append(_read_style(site / match[1]))
        return f"<style>{styles[-1]}</style>"

    markup = _STYLE.sub(inline_style, markup)
    markup = _ICON.sub(lambda match: f'{match[1]}{_data_address(site / match[2])}"', markup)
    outside = _OUTSIDE.search(re.sub(r"<style>.*?</style>", "", markup, flags=re.DOTALL))
    if outside is not None:
        raise InkgradError(
            f"{site / 'index.html'} refers to another file, {outside[0]}; only stylesheets, an "
            "icon in SVG and main.js can be put in one file"
        )
    head = (
        f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" '
        f'content="{_policy([boot, script], styles)}">\n'
    )
    markup = re.sub(r'[ \t]*<meta charset="[^"]*" ?/?>\n?', "", markup, flags=re.IGNORECASE)
    if embed is not None:
        markup = markup.replace("<html ", f'<html data-embed="{embed}" ', 1)
    markup = _insert(markup, "<!doctype html>", _greeting(model), site)
    markup = _insert(markup, "<head>", head, site)
    return _insert(
        markup, "</body>", _scripts(model, name, weights, script, boot), site, before=True
    )


def _insert(markup: str, tag: str, text: str, site: Path, *, before: bool = False) -> str:
    """Put text after or before a tag that must stand in the markup once."""
    found = list(re.finditer(rf"{re.escape(tag)}\n?", markup, re.IGNORECASE))
    if len(found) != 1:
        raise InkgradError(
            f"{site / 'index.html'} has {len(found)} of {tag}; one is expected, and nothing else "
            "in it"
        )
    start, stop = found[0].span()
    end = start if before else stop
    return markup[:end] + text + markup[end:]


def _greeting(model: Model) -> str:
    """Return a comment that says what the file is, for whoever looks into it."""
    data = model.record.get("data")
    attribution = data.get("attribution") if isinstance(data, dict) else None
    lines = [
        f"A drawing page with a convolutional network in it, made by inkgrad {__version__}.",
        "Open it in a browser: it asks nothing of any server, and tells nobody what you draw.",
        f"It knows {', '.join(model.classes)}.",
        *([f"It learnt from {attribution}."] if attribution else []),
        "Script and model stand below, packed; unpack.js, in plain text, reads them.",
    ]
    text = "\n".join(f"  {line}" for line in lines).replace("--", "- -").replace(">", "›")
    return f"<!--\n{text}\n-->\n"


def _policy(scripts: list[str], styles: list[str]) -> str:
    """Return a content security policy: these scripts, these styles, and nothing from outside."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(map(_hash, scripts))} 'wasm-unsafe-eval'",
            f"style-src {' '.join(map(_hash, styles)) or chr(39) + 'none' + chr(39)}",
            "worker-src blob:",
            "img-src data: blob:",
            "connect-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return f"'sha256-{digest}'"


def _scripts(model: Model, name: str, weights: str, script: str, boot: str) -> str:
    """Return the elements with model and script, and the script that unpacks them."""
    data = round_file(model.folded().to_bytes(), weights)
    file = to_text(deflate(*(split_planes(data) if weights == "float16" else split_header(data))))
    classes = html.escape(json.dumps(model.classes))
    return (
        f'<script type="text/plain" class="inkgrad-model" data-name="{html.escape(name)}" '
        f'data-weights="{weights}" data-classes="{classes}">{file}</script>\n'
        f'<script type="text/plain" id="inkgrad-script">{to_text(deflate(script.encode()))}'
        f"</script>\n<script>{boot}</script>\n"
    )


def _read_style(path: Path) -> str:
    """Return a stylesheet without comments and indentation."""
    try:
        style = path.read_text("utf-8")
    except FileNotFoundError:
        raise InkgradError(f"there is no stylesheet {path}; check its name") from None
    style = _COMMENT.sub(lambda match: match[1] or " ", style)
    if (outside := _URL.search(style)) is not None:
        raise InkgradError(
            f"{path} refers to another file, {outside[0]}; put what it needs into it"
        )
    if "</style" in style.lower():
        raise InkgradError(f"{path} holds </style, which would end it; write it otherwise")
    return _BLANK.sub("\n", style).strip()


def _data_address(path: Path) -> str:
    """Return an SVG file as an address that holds it."""
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f"data:image/svg+xml;base64,{data}"
