"""Everything that reads what comes from outside, each with valid input to be damaged."""

from __future__ import annotations

import io
import json
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from inkgrad.drawing import bitmap_from_image, strokes_from_svg
from inkgrad.errors import InkgradError
from inkgrad.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU
from inkgrad.model import Model, load
from inkgrad.network import Network
from inkgrad.quickdraw import load_task, read_bitmaps, read_drawings
from inkgrad.quickdraw.data_locations import find_data_location
from inkgrad.quickdraw.formats import read_records
from inkgrad.quickdraw.formats.npy import map_npy, read_header
from inkgrad.quickdraw.formats.pickled import read_arrays
from inkgrad.training import LAST, TrainingState, fit, load_checkpoint
from inkgrad.training.metrics import read_metrics
from inkgrad.web.predicting import predict
from inkgrad.web.refusals import Refused
from inkgrad.web.served import Served
from inkgrad.workflows.info import info
from inkgrad.workflows.record import origin_of
from inkgrad.workflows.run import read_run
from inkgrad.workflows.settings import Settings
from inkgrad.workflows.stdin import read_standard_input
from inkgrad.workflows.suspicious import read_suspicious
from tests.drawing.stroke_forms import FORMS, HEXAGON
from tests.quickdraw.formats import writers
from tests.training.problems import RECIPES, TRAIN, VALIDATION, tiny_network

Read = Callable[[bytes, Path], object]

CORPUS = Path(__file__).parents[1] / "corpus" / "files"

SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="100" height="50mm" viewBox="0 0 100 100">'
    b'<defs><path id="p" d="M1 2C3 4 5 6 7 8A5 5 0 0 1 9 9z"/></defs>'
    b'<rect x="0" y="0" width="100%" height="90%" fill="white"/>'
    b'<g transform="rotate(30 5 5) scale(2)" stroke="black"><use href="#p" x="3"/>'
    b'<circle cx="5" cy="6" r="2mm"/><ellipse cx="5" cy="6" rx="2" ry="3"/>'
    b'<polyline points="0,0 3,4 9,8"/><line x1="1" y1="2" x2="3" y2="4"/></g></svg>'
)
NDJSON = (
    b'{"word": "cat", "countrycode": "GB", "recognized": true, "key_id": "5", '
    b'"drawing": [[[0, 255], [3, 0]], [[1.5, 2], [3, 4], [0, 16]]]}\n'
    b'{"word": "dog", "recognized": false, "drawing": [[[0, 9, 255], [3, 7, 1]]]}\n'
)
DRAWING = b'{"strokes": [[[0, 255, 9], [3, 0, 8]], [[1.5, 2], [3, 4]]], "top": 2, "model": "m"}'


class Reader(NamedTuple):
    """Something that reads bytes, valid ones, and what it may raise."""

    read: Read
    valid: list[bytes]
    may_raise: tuple[type[Exception], ...] = (InkgradError,)
    share: float = 1.0  # of the mutants of others: thinning a picture takes its time


def from_file(suffix: str, *reads: Callable[[Path], object]) -> Read:
    """Return what writes bytes to a file and has it read."""

    def read(data: bytes, folder: Path) -> None:
        path = folder / f"file{suffix}"
        path.write_bytes(data)
        errors = []
        for reading in reads:
            try:
                reading(path)
            except InkgradError as error:
                errors.append(error)
        if len(errors) == len(reads):
            raise errors[0]

    return read


def records(path: Path) -> None:
    for _ in read_records(path):
        pass


def pictures() -> dict[str, bytes]:
    image = Image.new("RGB", (40, 30), "white")
    for n in range(25):
        image.putpixel((n + 5, n), (0, 0, 90))
    kinds = {".png": "PNG", ".jpg": "JPEG", ".gif": "GIF", ".bmp": "BMP", ".webp": "WEBP"}
    kinds[".tif"] = "TIFF"
    found = {}
    for suffix, kind in kinds.items():
        file = io.BytesIO()
        how = {"compression": "tiff_adobe_deflate"} if kind == "TIFF" else {}  # notices damage
        image.save(file, kind, **how)
        found[suffix] = file.getvalue()
    return found


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def small_model() -> Model:
    network = Network([Conv2D(2, 5, stride=3), ReLU(), MaxPool2D(2), Flatten(), Dense(2)])
    settings = Settings(("cat", "dog"), recipe=RECIPES["adam"])
    record = {
        "command": "inkgrad train",
        "data": {"source": "doodles", "fingerprint": "f"},
        "test": {"n": 5, "top1": 0.5, "balanced_accuracy": 0.5},
        "settings": settings.to_dict(),
    }
    return Model(network, network.initialise(), ("cat", "dog"), record=record, engine="reference")


def in_header(valid: bytes) -> tuple[bytes, Callable[[bytes], bytes]]:
    """Return the text that a safetensors file describes itself by, and what puts another there.

    Damaged anywhere, such a file is refused by its header; so what stands in there is damaged,
    and put into a header that is well.
    """
    (length,) = struct.unpack("<Q", valid[:8])
    header = json.loads(valid[8 : 8 + length])

    def put(text: bytes) -> bytes:
        header["__metadata__"] = {"inkgrad": text.decode("utf-8", "replace")}
        made = json.dumps(header).encode()
        made += b" " * (-len(made) % 8)
        return struct.pack("<Q", len(made)) + made + valid[8 + length :]

    return header["__metadata__"]["inkgrad"].encode(), put


def use_model(path: Path) -> None:
    """Do with a model all that reads what its file tells."""
    model = load(path, engine="reference")
    model.to_bytes()
    origin_of(model)
    from inkgrad.terminal import make_console, show_facts

    show_facts(make_console(io.StringIO()), info(path))


def use_state(state: TrainingState) -> None:
    state.recipe.make_schedule(state.steps_per_epoch)
    assert len(state.history) == state.epoch


def use_run(path: Path) -> None:
    settings, _ = read_run(path.parent)
    ", ".join(settings.classes)
    json.dumps(settings.to_dict())
    find_data_location(settings.data)


def use_words(path: Path) -> None:
    assert find_data_location(path).classes() == read_drawings(path).classes


def read_place(data: bytes, folder: Path) -> None:
    """Read a place of drawings whose name, and that of a class in it, are whatever they are."""
    name = data.decode("utf-8", "surrogateescape")
    find_data_location(name)
    find_data_location(f"file://{name}")


def make_readers(folder: Path) -> dict[str, Reader]:
    """Return all readers; valid files are made in `folder`."""
    fit(
        tiny_network(),
        TRAIN,
        validation=VALIDATION,
        recipe=RECIPES["adam"],
        folder=folder / "run",
        engine="reference",
    )
    checkpoint = (folder / "run" / LAST).read_bytes()
    metrics = (folder / "run" / "metrics.jsonl").read_bytes()
    model = small_model()
    file = model.to_bytes()
    served = {"m": Served("m", model, file)}
    movements = writers.objects([writers.movements(writers.CROSS)] * 2)
    pickled = [pickle.dumps(movements, 2), pickle.dumps(movements, 4)]
    drawings = [writers.CROSS, writers.LINE]
    csv = writers.write_kaggle(folder / "valid.csv", drawings).read_bytes()
    binary = writers.write_binary(folder / "valid.bin", drawings).read_bytes()
    npz = writers.write_sketchrnn(folder / "valid.npz", train=drawings).read_bytes()
    equally_long = (CORPUS / "sketchrnn-equal-lengths.npz").read_bytes()
    shapes = [(2, 784), (2, 28, 28), (2, 28, 28, 1)]
    bitmaps = [npy(np.zeros(shape, np.uint8)) for shape in shapes]
    images = pictures()
    settings = {"finished": False, "settings": Settings(("cat", "dog")).to_dict()}
    (folder / "bucket" / "numpy_bitmap").mkdir(parents=True)
    model_text, put_model = in_header(file)
    state_text, put_state = in_header(checkpoint)
    read_model = from_file(".safetensors", use_model)
    read_state = from_file(
        ".safetensors", lambda path: use_state(load_checkpoint(path, tiny_network()))
    )

    def read_run_file(data: bytes, where: Path) -> None:
        (where / "run.json").write_bytes(data)
        use_run(where / "run.json")

    def read_tasks(data: bytes, where: Path) -> None:
        (folder / "bucket" / "tasks.json").write_bytes(data)
        load_task("pets", folder / "bucket")

    def read_own_folder(data: bytes, where: Path) -> None:
        (where / "mine" / "cat").mkdir(parents=True, exist_ok=True)
        (where / "mine" / "cat" / "one.json").write_bytes(data)
        read_drawings(where / "mine")

    return {
        "npy": Reader(from_file(".npy", read_bitmaps, map_npy), bitmaps),
        "npy headers": Reader(
            lambda data, _: read_header(io.BytesIO(data), "x.npy"),
            [writers.npy_header("(2, 784)", "|u1"), writers.npy_header("(3L,)", "|O")],
        ),
        "pickled": Reader(lambda data, _: list(read_arrays(io.BytesIO(data), "x.npz")), pickled),
        "npz": Reader(from_file(".npz", records, read_bitmaps), [npz, equally_long]),
        "npz members": Reader(
            lambda data, where: records(writers.write_npz(where / "file.npz", {"train.npy": data})),
            [npy(movements)],
        ),
        "json": Reader(from_file(".json", records, read_bitmaps), [NDJSON.splitlines()[0]]),
        "ndjson": Reader(from_file(".ndjson", use_words), [NDJSON]),
        "csv": Reader(from_file(".csv", read_drawings), [csv, csv.decode().encode("utf-16")]),
        "forms of strokes": Reader(
            from_file(".json", records),
            [json.dumps(make(HEXAGON)).encode() for make in FORMS.values()],
        ),
        "documents": Reader(
            from_file(".json", records),
            [(CORPUS / f"document.{kind}").read_bytes() for kind in ("excalidraw", "tldr")],
        ),
        "inkml": Reader(from_file(".inkml", records), [(CORPUS / "ink.inkml").read_bytes()]),
        "bin": Reader(from_file(".bin", read_drawings), [binary]),
        "svg": Reader(from_file(".svg", records), [SVG], share=0.3),
        "svg text": Reader(lambda data, _: strokes_from_svg(data), [SVG], share=0.3),
        **{
            f"picture {suffix}": Reader(from_file(suffix, bitmap_from_image), [image], share=0.1)
            for suffix, image in images.items()
        },
        "standard input": Reader(
            lambda data, _: read_standard_input(io.BytesIO(data)),
            [NDJSON, csv, SVG, images[".png"], npz, bitmaps[0]],
        ),
        "folder": Reader(read_own_folder, [NDJSON.splitlines()[0]]),
        "places": Reader(
            read_place,
            [b"runs/one", b"https://example.org:80/a%20b", b"file:///tmp/x", str(folder).encode()],
            (InkgradError, OSError),
        ),
        "tasks": Reader(read_tasks, [b'{"pets": ["cat", "dog"], "farm": ["cow"]}']),
        "suspicious": Reader(
            from_file(".json", read_suspicious),
            [b'{"folds": 4, "suspicious": [{"class_name": "cat", "row": 1, "drawing": "07c5"}]}'],
        ),
        "model": Reader(read_model, [file, model.to_bytes("float16")]),
        "model's description": Reader(
            lambda data, where: read_model(put_model(data), where), [model_text]
        ),
        "checkpoint": Reader(read_state, [checkpoint]),
        "checkpoint's facts": Reader(
            lambda data, where: read_state(put_state(data), where), [state_text]
        ),
        "run": Reader(read_run_file, [json.dumps(settings).encode()]),
        "metrics": Reader(from_file(".jsonl", read_metrics), [metrics]),
        "question": Reader(
            lambda data, _: predict(served, "application/json", data), [DRAWING], (Refused,)
        ),
        "sent picture": Reader(
            lambda data, _: predict(served, "image/png", data), [images[".png"]], (Refused,), 0.1
        ),
    }
