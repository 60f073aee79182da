"""How Sphinx makes the book: `make docs`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

from inkgrad import __version__

project = "inkgrad"
author = "The inkgrad developers"
copyright = "2026, The inkgrad developers"
release = version = __version__

extensions = [
    "myst_nb",  # Markdown, and the chapters of the walkthrough, executed
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "formulas",  # $$ … $$ in docstrings
    "mathml",  # … drawn by the browser, without a script from anywhere
    "commands",  # `inkgrad … --help` on the page
]
exclude_patterns = [
    "_build",
    "conf.py",
    "extensions",
    "make_*.py",
    "walkthrough/pictures.py",
    "ladder/figures.py",
    "**.ipynb",
]

# The chapters are Python files in jupytext's percent format; every build executes them.
nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True
nb_code_prompt_show = "How this is drawn"
nb_code_prompt_hide = "How this is drawn"
myst_enable_extensions = ["amsmath", "dollarmath", "deflist", "colon_fence"]
myst_heading_anchors = 3

default_role = "py:obj"  # `name` in a docstring is code, and a link where there is something to see
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_type_aliases = {"Array": "Array", "Shape": "Shape", "Saved": "Saved"}
python_use_unqualified_type_names = True
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

html_theme = "furo"
html_math_renderer = "mathml"
html_title = "inkgrad"
html_static_path = ["static"]
html_css_files = ["inkgrad.css"]
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#16264f", "color-brand-content": "#1f6fb4"},
    "dark_css_variables": {"color-brand-primary": "#a9c4f5", "color-brand-content": "#8ab8ee"},
}


def _short_names(app, what, name, obj, options, signature, returns):
    """Show types by their own names: `Array`, not `TypeAliasForwardRef('Array')`."""

    def shorten(text):
        text = re.sub(r"TypeAliasForwardRef\('(\w+)'\)", r"\1", text or "")
        return re.sub(r"~(?:\w+\.)*(\w+)", r"\1", text) or None

    return shorten(signature), shorten(returns)


def setup(app):
    app.connect("autodoc-process-signature", _short_names)
