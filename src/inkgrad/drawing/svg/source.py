"""SVG text → a tree of elements that can do no harm."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from xml.etree import ElementTree

from inkgrad.errors import DataError

__all__ = ["MAX_CHARACTERS", "MAX_ELEMENTS", "Element", "read_tree", "reference", "tag"]

Element = ElementTree.Element

MAX_CHARACTERS = 2_000_000  # of text, and of all attributes where elements are used repeatedly
MAX_ELEMENTS = 10_000
_MAX_DEPTH = 100
_DRAWN = {
    *("path", "line", "polyline", "polygon", "rect", "circle", "ellipse"),
    *("svg", "g", "a", "switch", "defs", "symbol", "use"),
}
_NAMESPACE = "{http://www.w3.org/2000/svg}"
_DECLARED = re.compile(rb"<\?xml[^>]*?\bencoding\s*=\s*[\"']([\w.:-]+)[\"']")
_ENCODINGS = re.compile(  # that browsers read, by the names that Python shares with them
    r"utf-?8|(us-)?ascii|iso[-_]?8859-\d+|latin-?\d+|(windows-|cp)125\d|koi8-[ru]|mac(intosh)?|"
    r"shift[-_]jis|euc-(jp|kr)|gbk|gb2312|gb18030|big5",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"""<!ENTITY\s+([\w:.-]+)\s+("[^"&%<]*"|'[^'&%<]*')\s*>""")


def read_tree(source: str | os.PathLike[str] | bytes) -> tuple[Element, str]:
    """Read an SVG file, or its contents, without opening anything else.

    Parameters
    ----------
    source : path, text or bytes
        A file's path or its contents; a text that begins with ``<`` is taken for contents.

    Returns
    -------
    root : element
        ``<svg>``, with all that is within.
    name : str
        How errors call it.

    Raises
    ------
    DataError
        If the file is missing, too large, not SVG, defines entities that are more than plain
        text, or nests or repeats elements beyond reason; it is named.

    Examples
    --------
    >>> root, name = read_tree(b"<svg><g/></svg>")
    >>> tag(root), name
    ('svg', 'SVG text')
    """
    text, name = _read(source)
    root = _parse(text, name)
    _check_size(root, name)
    return root, name


def tag(element: Element) -> str:
    """Return an element's name, without SVG's namespace; other namespaces stay.

    Examples
    --------
    >>> tag(Element("{http://www.w3.org/2000/svg}path")), tag(Element("{urn:x}path"))
    ('path', '{urn:x}path')
    """
    return element.tag.removeprefix(_NAMESPACE)


def reference(element: Element) -> str:
    """Return the id that an element refers to within the file, or nothing.

    Examples
    --------
    >>> reference(Element("use", {"href": "#wheel"})), reference(Element("use", {"href": "a.svg"}))
    ('wheel', '')
    """
    for key, value in element.attrib.items():
        if key == "href" or key.endswith("}href"):
            value = value.strip()
            return value[1:] if value.startswith("#") else ""
    return ""


def _read(source: str | os.PathLike[str] | bytes) -> tuple[str, str]:
    """Return an SVG's text and how errors call it."""
    name = "SVG text"
    if isinstance(source, str) and source.lstrip("\ufeff \t\r\n").startswith("<"):
        text = source
    else:
        data = source
        if not isinstance(data, bytes):
            name = os.fspath(data)
            try:
                with open(name, "rb") as file:
                    data = file.read(4 * MAX_CHARACTERS + 1)
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or error
                raise DataError(
                    f"{name}: cannot be read ({reason}); give the path of an SVG file"
                ) from None
        text = _decode(data, name)
    if len(text) > MAX_CHARACTERS:
        raise DataError(
            f"{name}: more than {MAX_CHARACTERS:,} characters; simplify the drawing first"
        )
    return text, name


def _decode(data: bytes, name: str) -> str:
    """Return text in the encoding that its first bytes betray or its first line declares."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif data[:2] in (b"<\0", b"\0<"):
        encoding = "utf-16-le" if data[0] else "utf-16-be"
    else:
        declared = _DECLARED.match(data.lstrip()[:1000])
        encoding = declared[1].decode("ascii", "replace") if declared else "utf-8"
        if data[:3] == b"\xef\xbb\xbf" or encoding.lower().startswith("utf"):
            encoding = "utf-8-sig"  # what declares UTF-16 in single bytes has been rewritten
        elif not _ENCODINGS.fullmatch(encoding):
            raise DataError(f"{name}: the encoding {encoding} is not known; save it in UTF-8")
    try:
        return data.decode(encoding)
    except LookupError:
        raise DataError(f"{name}: the encoding {encoding} is not known; save it in UTF-8") from None
    except UnicodeDecodeError:
        wanted = "UTF-8 or UTF-16" if encoding.startswith("utf") else encoding
        raise DataError(f"{name}: this is not SVG text in {wanted}; save it in UTF-8") from None


def _parse(text: str, name: str) -> Element:
    _check_entities(text, name)
    try:
        root = ElementTree.fromstring(text.lstrip("\ufeff \t\r\n"))
    except (ElementTree.ParseError, ValueError) as error:
        raise DataError(f"{name}: this is not well-formed XML ({error})") from None
    if tag(root) != "svg":
        raise DataError(f"{name}: the outermost element is <{tag(root)}>; SVG has <svg>")
    return root


def _check_entities(text: str, name: str) -> None:
    """Refuse entities that stand for files, for other entities, or in all for far too much."""
    plain = _ENTITY.findall(text)
    if len(plain) < text.count("<!ENTITY"):
        raise DataError(
            f"{name}: entity definitions are refused unless they are plain text; save the file "
            "as plain SVG"
        )
    grown = sum(text.count(f"&{entity};") * len(value) for entity, value in plain)
    if len(text) + grown > MAX_CHARACTERS:
        raise DataError(
            f"{name}: more than {MAX_CHARACTERS:,} characters once entities are written out; "
            "simplify the drawing first"
        )


def _check_size(root: Element, name: str) -> None:
    """Refuse drawings that a few lines of `<use>` blow up, or that refer to themselves."""
    targets = {element.get("id", ""): element for element in root.iter()}
    characters = 0
    for number, element in enumerate(_unrolled(root, targets, name)):
        characters += sum(len(value) for value in element.attrib.values())
        if number >= MAX_ELEMENTS or characters > MAX_CHARACTERS:
            raise DataError(
                f"{name}: more than {MAX_ELEMENTS:,} elements or {MAX_CHARACTERS:,} characters "
                "once repeated ones are counted; simplify the drawing first"
            )


def _unrolled(
    element: Element, targets: dict[str, Element], name: str, depth: int = 0
) -> Iterator[Element]:
    """Yield every element that may be drawn as often as it is drawn."""
    if depth > _MAX_DEPTH:
        raise DataError(
            f"{name}: elements are nested more than {_MAX_DEPTH} deep, or one uses itself; "
            "simplify the drawing first"
        )
    yield element
    inner = [child for child in element if tag(child) in _DRAWN]
    if tag(element) == "use" and reference(element) in targets:
        inner.append(targets[reference(element)])
    for child in inner:
        yield from _unrolled(child, targets, name, depth + 1)
