"""The scan: a closed outline's edges → how much of each pixel lies inside, as a grey level.

Inside is where the winding number is not zero: the sum of the signs of all edges to the left. Every
row of pixels is gone through in one of two ways, as cairo does it:

- *line by line*: on each of the row's 15 sampling lines, the edges that cross it are sorted from
  left to right, x rounded to 1/256 pixel, and the lengths inside are added up;
- *at once*, if no edge begins or ends within the row and none cross: the areas between edges are
  added up column by column, heights rounded down to 1/15 pixel.

Both count in units of 1/(2 · 15 · 256) pixel. A row's sums are kept as differences, two for each
column of pixels: how many lines begin (+) or stop (−) to be covered there, and what these do not
cover of the column itself. So a running sum along the row gives the covered area of every pixel.

An edge is named by where its record begins (see `edges`). Edges stay in the order in which they
were sorted on the line before; new ones are merged in. The order of those that share one x is seen
in one place only: it decides whether two of them cross.
"""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from typing import NamedTuple

from inkgrad.drawing.edges import (
    AFTER,
    CELL,
    DX,
    DY,
    FIRST,
    LINES,
    PART,
    PER,
    RECORD,
    SIGN,
    STEP_PART,
    STEP_WHOLE,
    STOP,
    WHOLE,
    X,
    Y,
)
from inkgrad.drawing.pen import UNIT

__all__ = ["Lists", "paint"]

_NONE = -1
_FULL = 2 * LINES * UNIT  # the area of a pixel

Numbers = MutableSequence[int]


class Lists(NamedTuple):
    """What the scan writes to."""

    order: Numbers
    """The edges that cross the current line, from left to right."""
    fresh: Numbers
    """Those that begin on it."""
    spare: Numbers
    """Room for merging."""
    begins: Numbers
    """By line: the first edge that begins there."""
    sums: Numbers
    """A row's sums: twice as many as columns, and then the first and the last column with any."""


def paint(bitmap: Numbers, at: int, side: int, edges: Numbers, m: int, lists: Lists) -> None:
    """Paint the shape of edges[:m] in white over the side × side pixels at bitmap[at].

    A pixel of which the part c is covered is given the opacity a = 255 c, rounded, and
    v ← a + v (255 − a) / 255, rounded, but 128/255 is rounded down.
    """
    order, fresh, spare, begins, sums = lists
    last = _sort_by_first_line(edges, m, begins, side * LINES)
    n = 0
    sums[2 * side], sums[2 * side + 1] = side, -1
    for y in range(side):
        line = y * LINES
        n = _enter(edges, order, n, begins[line], fresh, spare, line)
        if n == 0 and line > last:
            break
        later = False
        for k in range(line + 1, line + LINES):
            if begins[k] != _NONE:
                later = True
                break
        if n == 0 and not later:
            continue
        if not later and _undisturbed(edges, order, n, line + LINES):
            n = _cover_at_once(edges, order, n, line + LINES, sums, side)
        else:
            _cover_line(edges, order, n, sums, side)
            n = _advance(edges, order, n, line + 1)
            for k in range(line + 1, line + LINES):
                if begins[k] != _NONE:
                    n = _enter(edges, order, n, begins[k], fresh, spare, k)
                if n > 0:
                    _cover_line(edges, order, n, sums, side)
                    n = _advance(edges, order, n, k + 1)
        _blend(bitmap, at + y * side, sums, side)


def _sort_by_first_line(edges: Numbers, m: int, begins: Numbers, lines: int) -> int:
    """List the edges that begin on each line, in their own order; return the last such line."""
    last = 0
    for line in range(lines):
        begins[line] = _NONE
    for e in range(m - RECORD, -RECORD, -RECORD):
        first = edges[e + FIRST]
        edges[e + AFTER] = begins[first]
        begins[first] = e
        last = max(last, first)
    return last


def _enter(
    edges: Numbers, order: Numbers, n: int, e: int, fresh: Numbers, spare: Numbers, line: int
) -> int:
    """Merge e, and those after it, into the n edges that cross a line; return their new number."""
    if e == _NONE:
        return n
    count = 0
    while e != _NONE:
        # x = x0 + (y − y0) dx / dy at y = (line + 1/2) / 15 pixel, over 60 dy: halves stay whole.
        per = 4 * LINES * edges[e + DY]
        run = (2 * UNIT * (2 * line + 1) - 4 * LINES * edges[e + Y]) * edges[e + DX]
        step = 4 * UNIT * edges[e + DX]
        whole, step_whole = run // per, step // per
        part = run - whole * per
        whole += edges[e + X]
        edges[e + WHOLE], edges[e + PART], edges[e + PER] = whole, part, per
        edges[e + STEP_WHOLE], edges[e + STEP_PART] = step_whole, step - step_whole * per
        edges[e + CELL] = whole + (1 if 2 * part >= per else 0)
        fresh[count] = e
        count += 1
        e = edges[e + AFTER]
    _sort(edges, fresh, count, spare)
    if n == 0:
        for i in range(count):
            order[i] = fresh[i]
        return count
    for i in range(n):
        spare[i] = order[i]
    _merge(edges, order, 0, spare, 0, n, fresh, 0, count)
    return n + count


def _sort(edges: Numbers, fresh: Numbers, n: int, spare: Numbers) -> None:
    """Sort the list `fresh` by x: pairs, then pairs of pairs, and so on."""
    width = 1
    while width < n:
        for a in range(0, n, 2 * width):
            b, stop = min(a + width, n), min(a + 2 * width, n)
            _merge(edges, spare, a, fresh, a, b, fresh, b, stop)
        for i in range(n):
            fresh[i] = spare[i]
        width *= 2


def _merge(
    edges: Numbers,
    to: Numbers,
    t: int,
    a: Numbers,
    i: int,
    a_stop: int,
    b: Numbers,
    j: int,
    b_stop: int,
) -> None:
    """Merge the sorted lists a[i:a_stop] and b[j:b_stop] by x into `to`, from t on.

    Of equals, the one from the list comes first that was being taken from.
    """
    from_a = True
    while i < a_stop and j < b_stop:
        x, other = edges[a[i] + CELL], edges[b[j] + CELL]
        from_a = x < other or (from_a and x == other)
        if from_a:
            to[t] = a[i]
            i += 1
        else:
            to[t] = b[j]
            j += 1
        t += 1
    while i < a_stop:
        to[t] = a[i]
        i, t = i + 1, t + 1
    while j < b_stop:
        to[t] = b[j]
        j, t = j + 1, t + 1


def _undisturbed(edges: Numbers, order: Numbers, n: int, line: int) -> bool:
    """Tell whether all edges reach the row below, which begins at `line`, in the same order."""
    last = -UNIT * UNIT * UNIT
    for i in range(n):
        e = order[i]
        if edges[e + STOP] < line:
            return False
        whole, part = _below(edges, e)
        cell = whole + (1 if 2 * part >= edges[e + PER] else 0)
        if cell < last:
            return False
        last = cell
    return True


def _below(edges: Numbers, e: int) -> tuple[int, int]:
    """Return where an edge is a whole row farther down: `WHOLE` and `PART`."""
    per = edges[e + PER]
    part = edges[e + PART] + LINES * edges[e + STEP_PART]
    over = part // per
    return edges[e + WHOLE] + LINES * edges[e + STEP_WHOLE] + over, part - over * per


def _cover_at_once(
    edges: Numbers, order: Numbers, n: int, line: int, sums: Numbers, side: int
) -> int:
    """Add the areas of a whole row of pixels, and go on to the next, which begins at `line`."""
    i = 0
    while i < n:
        left = right = order[i]
        winding = edges[left + SIGN]
        i += 1
        open_ = True
        while open_:
            right = order[i]
            winding += edges[right + SIGN]
            i += 1
            alone = i == n or edges[order[i] + CELL] != edges[right + CELL]
            open_ = winding != 0 or not alone
        _cover_beside(edges, left, 1, sums, side)
        _cover_beside(edges, right, -1, sums, side)
    kept = 0
    for i in range(n):
        e = order[i]
        if edges[e + STOP] > line:
            whole, part = _below(edges, e)
            edges[e + WHOLE], edges[e + PART] = whole, part
            edges[e + CELL] = whole + (1 if 2 * part >= edges[e + PER] else 0)
            order[kept] = e
            kept += 1
    return kept


def _cover_beside(edges: Numbers, e: int, sign: int, sums: Numbers, side: int) -> None:
    """Add the area right of an edge in a row of pixels, or take it away (sign −1)."""
    per = edges[e + PER]
    # Lines run in the middle of what they stand for: half a step back, rounded towards zero.
    back_whole, back_part = edges[e + STEP_WHOLE], edges[e + STEP_PART]
    if back_whole < 0 and back_part > 0:
        back_whole, back_part = back_whole + 1, back_part - per
    back_whole = back_whole // 2 if back_whole >= 0 else -(-back_whole // 2)
    back_part = back_part // 2  # an even number
    x0, part0 = _normal(edges[e + WHOLE] - back_whole, edges[e + PART] - back_part, per)
    below_whole, below_part = _below(edges, e)
    x1, part1 = _normal(below_whole - back_whole, below_part - back_part, per)
    if x1 // UNIT < x0 // UNIT:
        x0, part0, x1, part1 = x1, part1, x0, part0
    first, last = x0 // UNIT, x1 // UNIT
    in_first, in_last = x0 - first * UNIT, x1 - last * UNIT
    if first == last:
        _add(sums, side, first, sign * LINES, sign * LINES * (in_first + in_last))
        return
    run = (x1 - x0) * per + part1 - part0
    above = 0
    for column in range(first, last):
        height = (((column + 1) * UNIT - x0) * per - part0) * LINES // run
        part = sign * (height - above)
        _add(sums, side, column, part, part * (UNIT + (in_first if column == first else 0)))
        above = height
    part = sign * (LINES - above)
    _add(sums, side, last, part, part * in_last)


def _normal(whole: int, part: int, per: int) -> tuple[int, int]:
    if part < 0:
        return whole - 1, part + per
    if part >= per:
        return whole + 1, part - per
    return whole, part


def _cover_line(edges: Numbers, order: Sequence[int], n: int, sums: Numbers, side: int) -> None:
    """Add the lengths inside on one line."""
    winding, start = 0, _NONE
    for i in range(n):
        e = order[i]
        x = edges[e + CELL]
        winding += edges[e + SIGN]
        if winding == 0:
            if start != _NONE and (i + 1 == n or edges[order[i + 1] + CELL] != x):
                if x != start:
                    column = start // UNIT
                    _add(sums, side, column, 1, 2 * (start - column * UNIT))
                    column = x // UNIT
                    _add(sums, side, column, -1, -2 * (x - column * UNIT))
                start = _NONE
        elif start == _NONE:
            start = x


def _advance(edges: Numbers, order: Numbers, n: int, line: int) -> int:
    """Take the edges on to the next line, those that reach it; return how many these are."""
    kept = 0
    for i in range(n):
        e = order[i]
        if edges[e + STOP] <= line:
            continue
        per = edges[e + PER]
        part = edges[e + PART] + edges[e + STEP_PART]
        whole = edges[e + WHOLE] + edges[e + STEP_WHOLE]
        if part >= per:
            part -= per
            whole += 1
        cell = whole + (1 if 2 * part >= per else 0)
        edges[e + WHOLE], edges[e + PART], edges[e + CELL] = whole, part, cell
        k = kept
        while k > 0 and edges[order[k - 1] + CELL] > cell:
            order[k] = order[k - 1]
            k -= 1
        order[k] = e
        kept += 1
    return kept


def _add(sums: Numbers, side: int, column: int, height: int, area: int) -> None:
    """Add to one column's sums; a column left of the picture counts for all that follow."""
    if column < 0:
        column, area = 0, 0
    elif column >= side:
        sums[2 * side + 1] = side - 1
        return
    sums[2 * column] += height
    sums[2 * column + 1] += area
    if column < sums[2 * side]:
        sums[2 * side] = column
    if column > sums[2 * side + 1]:
        sums[2 * side + 1] = column


def _blend(bitmap: Numbers, at: int, sums: Numbers, side: int) -> None:
    """Paint one row of pixels over the bitmap, and clear its sums."""
    covered = 0
    for column in range(sums[2 * side], sums[2 * side + 1] + 1):
        covered += sums[2 * column]
        area = 2 * UNIT * covered - sums[2 * column + 1]
        sums[2 * column], sums[2 * column + 1] = 0, 0
        opacity = (255 * area + _FULL // 2) // _FULL  # rounded
        if opacity > 0:
            seen = bitmap[at + column] * (255 - opacity)
            bitmap[at + column] = opacity + (seen + 126) // 255
    sums[2 * side], sums[2 * side + 1] = side, -1
