"""InkML, the W3C's format of pen strokes → strokes, without trusting the file."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from inkgrad.drawing.strokes import MAX_POINTS, Strokes, check_strokes
from inkgrad.errors import DataError

__all__ = ["strokes_from_inkml"]

_NAMESPACE = re.compile(r"\{[^}]*\}")
_NUMBER = re.compile(r"""\s*([!'"]?)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[TF*?])""")
_MODES = {"!": 0, "'": 1, '"': 2}  # values, differences of values, differences of those


def strokes_from_inkml(text: str, where: str = "InkML") -> Strokes:
    r"""Read the traces of an InkML text as strokes.

    Traces of a lifted pen, and those that are only defined, are passed over; of the channels
    that a pen has, X and Y are read, and given as values or as differences.

    Parameters
    ----------
    text : str
    where : str
        How an error calls it.

    Raises
    ------
    DataError
        If it is not InkML, defines entities, or a trace has no X and Y.

    Examples
    --------
    >>> strokes_from_inkml("<ink><trace>1 9, 4 7, '1'-2, 1 0</trace></ink>")
    [array([[1., 4., 5., 6.],
           [9., 7., 5., 5.]])]
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:  # they can stand for gigabytes, or for files
        raise DataError(f"{where}: entity definitions are refused; save the file as plain InkML")
    try:
        root = ElementTree.fromstring(text.lstrip("\ufeff \t\r\n"))
    except (ElementTree.ParseError, ValueError) as error:
        raise DataError(f"{where}: this is not well-formed XML ({error})") from None
    if _tag(root) != "ink":
        raise DataError(f"{where}: the outermost element is <{_tag(root)}>; InkML has <ink>")
    channels = [e.get("name", "") for e in root.iter() if _tag(e) == "channel"]
    try:
        columns = (channels.index("X"), channels.index("Y")) if channels else (0, 1)
    except ValueError:
        raise DataError(f"{where}: there are no channels X and Y; a trace has both") from None
    defined = {id(e) for d in root if _tag(d) == "definitions" for e in d.iter()}
    strokes: list[list[list[float]]] = []
    points = 0
    for trace in root.iter():
        if _tag(trace) != "trace" or trace.get("type") == "penUp" or id(trace) in defined:
            continue
        rows = _rows(trace.text or "", columns, f"{where}: trace {len(strokes) + 1}")
        points += len(rows[0])
        if points > MAX_POINTS:
            raise DataError(f"{where}: more than {MAX_POINTS:,} points; that is no drawing")
        strokes.append(rows)
    if not strokes:
        raise DataError(f"{where}: there are no traces; draw something")
    return check_strokes(strokes, where=where)


def _tag(element: ElementTree.Element) -> str:
    return _NAMESPACE.sub("", str(element.tag))


def _rows(text: str, columns: tuple[int, int], where: str) -> list[list[float]]:
    """Return a trace's [xs, ys]."""
    points: list[list[float]] = []
    modes: dict[int, int] = {}  # of each channel, until another is named
    last: dict[int, list[float]] = {}  # of each channel its value, and how that has changed
    for part in text.strip().rstrip(",").split(","):
        point: list[float] = []
        at = 0
        while match := _NUMBER.match(part, at):
            at = match.end()
            channel = len(point)
            point.append(_value(match, channel, modes, last))
        if part[at:].strip() or len(point) <= max(columns):
            raise DataError(f"{where}: {part.strip()!r:.40} is not a point; x y is expected")
        points.append(point)
    return [[point[column] for point in points] for column in columns]


def _value(
    match: re.Match[str], channel: int, modes: dict[int, int], last: dict[int, list[float]]
) -> float:
    """Return one value, of a channel whose values may be told by how they change."""
    prefix, digits = match.groups()
    if prefix:
        modes[channel] = _MODES[prefix]
    old, speed = last.get(channel, [0.0, 0.0])
    if digits in "TF*?":  # true, false, as before, unknown
        return old
    number = float(digits)
    mode = modes.get(channel, 0)
    speed = number if mode == 1 else speed + number if mode == 2 else number - old
    value = number if mode == 0 else old + speed
    last[channel] = [value, speed]
    return value
