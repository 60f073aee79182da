"""What must come of every file in `files/`: one table.

To add a case, put a small file of your own making into `files/` (or a folder with a subfolder a
class), named after what is odd about it, and a line here:

- `Read()`: it is read. Drawings are compared with the two strokes of `tests.drawing.stroke_forms`:
  a hexagon under a roof. Give ``likeness`` (a correlation of bitmaps) where a drawing cannot be the
  same to the byte, as in pictures, and ``strokes`` where only some of the strokes are in it.
- `Refused("words")`: an error of one sentence with these words, and nothing is written.

`test_corpus.py` then feeds it to every way in: predict, standard input, preview, pack, what train
and evaluate load, the server, and the page's JavaScript, each where it takes files of that kind.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Read:
    """A file that is read.

    Parameters
    ----------
    drawings : int
        How many; of a folder: how many of each class.
    likeness : float
        Lowest correlation with the true bitmap; 1: the same bytes.
    strokes : int
        How many of the strokes of `HEXAGON` are in it.
    form : str
        What preview says of it, if its strokes are not Google's rows.
    notice : str
        Part of the warning.
    marks : tuple of bool
        Which drawings were recognised.
    """

    drawings: int = 1
    likeness: float = 1.0
    strokes: int = 2
    form: str = ""
    notice: str = ""
    marks: tuple[bool, ...] = ()


class Refused(str):
    """Words of the sentence with which a file is refused."""


PICTURE = Read(likeness=0.9)
TABLE = Read(2, marks=(True, False))
POINTS, OBJECTS = Read(form="points [x, y]"), Read(form="points {x, y}")
PAGE, POINTER = Refused("is a web page (HTML), not drawings"), Refused("is a Git LFS pointer")
HEADERLESS = Refused("784 bytes a drawing and no header")

EXPECTED: dict[str, Read | Refused] = {
    # Strokes as JSON
    "strokes-plain.json": Read(),
    "strokes-with-times.json": Read(),
    "strokes-as-x-and-y.json": Read(form="rows {x, y}"),
    "strokes-as-points.json": POINTS,
    "strokes-as-points-with-pressure.json": POINTS,
    "strokes-as-points-with-time.json": POINTS,
    "strokes-as-points-with-pressure-and-time.json": POINTS,
    "strokes-as-xy-objects.json": OBJECTS,
    "strokes-of-signature-pad.json": OBJECTS,
    "strokes-of-react-sketch-canvas.json": OBJECTS,
    "strokes-of-react-canvas-draw.json": OBJECTS,
    "strokes-of-perfect-freehand.json": POINTS,
    "strokes-of-konva.json": Read(form="points x, y, x, y"),
    "strokes-one-without-a-list.json": Read(form="points [x, y]", strokes=1),
    "strokes-of-three-points.json": Read(form="points [x, y]", strokes=1, likeness=0.99),
    "strokes-of-three-points-that-may-be-rows.json": Refused(
        "the strokes may be rows [xs, ys, ts] or points [x, y]"
    ),
    "strokes-of-two-points-that-may-be-rows.json": Refused(
        "the strokes may be rows [xs, ys] or points [x, y]"
    ),
    "strokes-of-two-points-in-a-field.json": Read(strokes=1, likeness=0.99),
    "strokes-partly-erased.json": Refused("stroke 3 is an eraser's"),
    "strokes-in-two-lists.json": Refused('both "lines" and "paths" hold lists'),
    "strokes-of-two-forms.json": Refused("stroke 2 is of another form than stroke 1"),
    "strokes-nowhere.json": Refused(""),
    "strokes-utf-8-with-mark.json": Read(),
    "strokes-utf-16.json": Read(),
    "strokes-utf-16-big-end-first.json": Read(),
    "drawings-in-a-list.json": Read(2, form="points [x, y]"),
    # Drawings as lines of JSON
    "drawings-plain.ndjson": Read(2),
    "drawings-as-points.ndjson": Read(2, form="points {x, y}"),
    "drawings.jsonl": Read(2),
    "drawings-utf-16.ndjson": Read(2),
    "drawings-with-windows-line-ends.ndjson": Read(2),
    "drawings-latin-1.ndjson": Refused("is not text in UTF-8"),
    # Documents of programs
    "document.excalidraw": Read(form="an Excalidraw document"),
    "document.tldr": Read(form="a tldraw document"),
    "ink.inkml": Read(form="InkML"),
    "ink-without-traces.inkml": Refused("there are no traces"),
    # Tables
    "table-plain.csv": TABLE,
    "table-1-and-0.csv": TABLE,
    "table-TRUE.csv": TABLE,
    "table-capitals.csv": TABLE,
    "table-semicolons.csv": TABLE,
    "table-tabs.csv": TABLE,
    "table.tsv": TABLE,
    "table-sep.csv": TABLE,
    "table-utf-16.csv": TABLE,
    "table-as-points.csv": POINTS,
    "table-without-drawings.csv": Refused("drawing"),
    # Something else, saved in place of drawings
    **{f"web-page.{s}": PAGE for s in ("csv", "json", "ndjson", "inkml", "svg")},
    **{f"web-page.{s}": PAGE for s in ("bin", "npy", "npz", "png")},
    **{f"git-lfs-pointer.{s}": POINTER for s in ("csv", "json", "ndjson", "inkml", "svg")},
    **{f"git-lfs-pointer.{s}": POINTER for s in ("bin", "npy", "npz", "png")},
    # Arrays and records
    "bitmaps-plain.npy": Read(2),
    "bitmaps-n-1-784.npy": Read(2),
    "bitmaps-n-28-28-1.npy": Read(2),
    "bitmaps-n-1-28-28.npy": Read(2),
    "bitmap-alone-28-28-1.npy": Read(),
    "bitmaps-dark-on-white.npy": Read(2, notice="dark on white; they are read inverted"),
    "bitmaps-without-header.bin": HEADERLESS,
    "bitmaps-without-header.npy": HEADERLESS,
    "bitmaps-as-floats.npy": Refused("an array of float32"),
    "drawings-plain.bin": Read(2),
    "sketchrnn-plain.npz": Read(2),
    "sketchrnn-equal-lengths.npz": Read(2),
    "sketchrnn-equal-lengths-as-floats.npz": Read(2),
    # Pictures
    "picture-plain.png": PICTURE,
    "picture-light-on-dark.png": PICTURE,
    "picture-transparent.png": PICTURE,
    "picture-28-dark-on-white.png": Read(),
    "picture-blank.png": Refused("the picture is blank"),
    "picture-cut-short.png": Refused("cannot be read"),
    "picture.jpg": PICTURE,
    "picture.gif": PICTURE,
    "picture.bmp": PICTURE,
    "picture.webp": PICTURE,
    # SVG
    "svg-plain.svg": Read(),
    "svg-utf-16.svg": Read(),
    "svg-on-white-paper.svg": Read(),
    "svg-moved-and-scaled.svg": Read(),
    "svg-empty.svg": Refused("there are no shapes"),
    "svg-entity-bomb.svg": Refused("entity definitions are refused"),
    # Folders
    "folder-with-hidden-files": Read(),
    "folder-of-forms": Read(2, form="points [x, y] and points {x, y}"),
}
