"""How elements are painted: attributes, `style` and style sheets, in the order of CSS."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from inkgrad.drawing.svg.source import Element, tag
from inkgrad.errors import DataError

__all__ = ["Style", "StyleSheet", "inherited", "resolved"]

Style = dict[str, str]
"""Properties by name."""

_INHERITED = {
    *("color", "fill", "fill-opacity", "fill-rule", "stroke", "stroke-opacity", "stroke-width"),
    *("stroke-dasharray", "stroke-dashoffset", "stroke-linecap", "visibility", "clip-rule"),
}
_MOST_MATCHES = 300_000  # of a selector with an element
_COMMENT = re.compile(r"/\*.*?(?:\*/|$)|<!--|-->", re.DOTALL)
_NAME = r"[\w\u0080-\uffff-]+"
_INNER = r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"  # parentheses, up to three deep
_DECLARATION = re.compile(
    rf"""(?:^|[;\s])({_NAME})\s*:\s*((?:[^;("']|{_INNER}|"[^"]*"|'[^']*')*)"""
)
_IMPORTANT = re.compile(r"\s*!\s*important\s*$", re.IGNORECASE)
_SELECTOR = re.compile(r"\s*([>+~]?)\s*([^\s>+~\[(]*(?:(?:\[[^\]]*\]|\([^)]*\))[^\s>+~\[(]*)*)")
_SIMPLE = re.compile(
    rf"""(?P<tag>{_NAME}|\*)|\#(?P<id>{_NAME})|\.(?P<class>{_NAME})|"""
    rf"""\[\s*(?P<attribute>{_NAME})\s*(?:=\s*["']?(?P<value>[^"'\]]*)["']?)?\s*\]|"""
    r":(?P<pseudo>root|first-child|last-child)"
)
_VARIABLE = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,((?:[^()]|\((?:[^()]|\([^()]*\))*\))*))?\)")
_SHOWN_MEDIA = re.compile(r"@media\b(?!.*(?:print|speech|dark|reduced|forced|not))")


class _Compound(NamedTuple):
    """What one element must be: ``path.thin#hand``, and how it stands to the one before."""

    combinator: str
    tag: str
    id: str
    classes: frozenset[str]
    attributes: tuple[tuple[str, str | None], ...]
    pseudos: frozenset[str]


class _Rule(NamedTuple):
    specificity: tuple[int, int, int]
    order: int
    selector: tuple[_Compound, ...]
    plain: Style
    important: Style


class StyleSheet:
    """All style sheets of a drawing, and what they and its attributes declare for an element.

    Parameters
    ----------
    root : element
        The drawing, with its ``<style>`` elements.
    name : str
        How errors call it.

    Examples
    --------
    >>> from inkgrad.drawing.svg.source import read_tree
    >>> root, name = read_tree('<svg><style>.a{fill:red}</style><g fill="blue" class="a"/></svg>')
    >>> StyleSheet(root, name).declared(root[1])["fill"]
    'red'
    """

    def __init__(self, root: Element, name: str) -> None:
        self._name = name
        self._matches = 0
        self._parents = {child: parent for parent in root.iter() for child in parent}
        self._rules: dict[str, list[_Rule]] = defaultdict(list)
        self._known: dict[Element, Style] = {}
        order = 0
        for element in root.iter():
            if tag(element) != "style":
                continue
            for selectors, body in _rules(_COMMENT.sub(" ", "".join(element.itertext()))):
                plain, important = _declarations(body)
                for text in selectors.split(","):
                    selector = _selector(text)
                    if selector:
                        order += 1
                        last = selector[-1]
                        key = f"#{last.id}" if last.id else f".{min(last.classes, default='')}"
                        key = last.tag if key == "." else key
                        rule = _Rule(_specificity(selector), order, selector, plain, important)
                        self._rules[key].append(rule)

    def declared(self, element: Element) -> Style:
        """Return the properties of an element, its attributes among them, without inheritance."""
        if element not in self._known:
            self._known[element] = self._cascade(element)
        return self._known[element]

    def _cascade(self, element: Element) -> Style:
        style = dict(element.attrib)
        inline, inline_important = _declarations(style.pop("style", ""))
        rules: list[_Rule] = []
        if self._rules:
            keys = ["*", tag(element), f"#{element.get('id', '')}"]
            keys += {f".{name}" for name in element.get("class", "").split()}
            rules = [
                rule
                for key in keys
                for rule in self._rules.get(key, ())
                if self._selects(rule.selector, element)
            ]
            rules.sort(key=lambda rule: rule[:2])
        for rule in rules:
            style |= rule.plain
        style |= inline
        for rule in rules:
            style |= rule.important
        return style | inline_important

    def _selects(self, selector: tuple[_Compound, ...], element: Element) -> bool:
        self._matches += 1
        if self._matches > _MOST_MATCHES:
            raise DataError(
                f"{self._name}: its style sheets have more rules, for this number of elements, "
                "than are read; save the file as plain SVG"
            )
        last, before = selector[-1], selector[:-1]
        if not self._is(element, last):
            return False
        if not before:
            return True
        if last.combinator in ("+", "~"):
            parent = self._parents.get(element)
            siblings = [] if parent is None else list(parent)
            earlier = siblings[: siblings.index(element)] if siblings else []
            earlier = earlier[-1:] if last.combinator == "+" else earlier
            return any(self._selects(before, sibling) for sibling in earlier)
        parent = self._parents.get(element)
        while parent is not None:
            if self._selects(before, parent):
                return True
            parent = None if last.combinator == ">" else self._parents.get(parent)
        return False

    def _is(self, element: Element, compound: _Compound) -> bool:
        if compound.tag not in ("*", tag(element)):
            return False
        if compound.id and element.get("id") != compound.id:
            return False
        if compound.classes and not compound.classes <= set(element.get("class", "").split()):
            return False
        for attribute, value in compound.attributes:
            found = element.get(attribute)
            if found is None or (value is not None and found != value):
                return False
        if not compound.pseudos:
            return True
        parent = self._parents.get(element)
        standing = {"root"} if parent is None else set()
        if parent is not None and parent[0] is element:
            standing.add("first-child")
        if parent is not None and parent[-1] is element:
            standing.add("last-child")
        return compound.pseudos <= standing


def inherited(parent: Style, declared: Style) -> Style:
    """Return the properties that an element hands down: its own and its parent's.

    Examples
    --------
    >>> inherited({"fill": "red", "stroke": "blue"}, {"fill": "inherit", "opacity": "0"})
    {'fill': 'red', 'stroke': 'blue'}
    """
    found = parent.copy()
    for name, value in declared.items():
        if name in _INHERITED or name.startswith("--"):
            word = value.strip().lower()
            if word == "initial":
                found.pop(name, None)
            elif word not in ("inherit", "unset", "revert"):
                found[name] = value
    return found


def resolved(value: str, style: Style, depth: int = 0) -> str:
    """Return a value in which variables are written out.

    Examples
    --------
    >>> resolved("var(--ink, red)", {}), resolved("var(--ink, red)", {"--ink": "blue"})
    ('red', 'blue')
    """
    if "var(" not in value or depth > 5:
        return value

    def substitute(found: re.Match[str]) -> str:
        name, otherwise = found.groups()
        return (style.get(name) or otherwise or "").strip()

    return resolved(_VARIABLE.sub(substitute, value)[:1000], style, depth + 1)


def _declarations(text: str) -> tuple[Style, Style]:
    """Return the properties that are declared, and those that are important."""
    plain: Style = {}
    important: Style = {}
    if ":" in text:
        for name, value in _DECLARATION.findall(_COMMENT.sub(" ", text) if "/*" in text else text):
            urgent = _IMPORTANT.search(value)
            value = value[: urgent.start()] if urgent else value
            name = name if name.startswith("--") else name.lower()
            (important if urgent else plain)[name] = value.strip()
    return plain, important


def _rules(text: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield the selectors and the declarations of the rules that hold on a screen in daylight."""
    at = 0
    while (opened := text.find("{", at)) >= 0:
        prelude = text[at:opened].rpartition(";")[2].strip()
        level, end = 1, opened + 1
        for brace in re.compile(r"[{}]").finditer(text, end):
            level += 1 if brace[0] == "{" else -1
            end = brace.end()
            if level == 0:
                break
        body = text[opened + 1 : end - 1] if level == 0 else text[opened + 1 :]
        at = end if level == 0 else len(text)
        if not prelude.startswith("@"):
            yield prelude, body
        elif depth < 5 and (_SHOWN_MEDIA.match(prelude) or prelude.startswith(("@supp", "@layer"))):
            yield from _rules(body, depth + 1)


def _selector(text: str) -> tuple[_Compound, ...] | None:
    """Return a selector's parts, or None if it selects nothing or is not understood."""
    parts = []
    at, text = 0, text.strip()
    while at < len(text):
        found = _SELECTOR.match(text, at)
        if not found or not found[2]:
            return None
        compound = _compound(found[1] or " ", found[2])
        if compound is None:
            return None
        parts.append(compound)
        at = found.end()
    return tuple(parts) or None


def _compound(combinator: str, text: str) -> _Compound | None:
    name, identity = "*", ""
    classes, pseudos, attributes = set(), set(), []
    at = 0
    while at < len(text):
        found = _SIMPLE.match(text, at)
        if not found or (found["tag"] and at > 0):
            return None
        at = found.end()
        name = found["tag"] or name
        identity = found["id"] or identity
        if found["class"]:
            classes.add(found["class"])
        if found["pseudo"]:
            pseudos.add(found["pseudo"])
        if found["attribute"]:
            attributes.append((found["attribute"], found["value"]))
    return _Compound(
        combinator, name, identity, frozenset(classes), tuple(attributes), frozenset(pseudos)
    )


def _specificity(selector: tuple[_Compound, ...]) -> tuple[int, int, int]:
    return (
        sum(bool(part.id) for part in selector),
        sum(len(part.classes) + len(part.attributes) + len(part.pseudos) for part in selector),
        sum(part.tag != "*" for part in selector),
    )
