"""Whatever way a drawing takes, it reaches the network as the model's own rasteriser draws it."""

from __future__ import annotations

import io
import json
import re
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from inkgrad import cli
from inkgrad.drawing import Raster, bitmap_from_image, rasterize, simplify, to_bitmap, to_bitmaps
from inkgrad.errors import InkgradError
from inkgrad.layers import Dense, Flatten
from inkgrad.model import Model, load
from inkgrad.network import Network
from inkgrad.quickdraw import Loaded, load_drawings
from inkgrad.quickdraw.doodles import draw
from inkgrad.quickdraw.samples import sample_drawings
from inkgrad.web import predicting
from inkgrad.web.served import Served
from inkgrad.workflows import evaluate, pack, predict, train
from tests.drawing.frames import FRAMES, random_frames
from tests.drawing.pictures import picture
from tests.drawing.test_hostile import HOSTILE, LONG, NO_DRAWINGS
from tests.thorough import THOROUGH

pytestmark = pytest.mark.usefixtures("surroundings")

CLASSES = ("cat", "dog")
RASTERS = [Raster(), Raster(28, 24.0, 4.0), Raster(56), Raster(64, 9.0, 30.0)]
every_raster = pytest.mark.parametrize("raster", RASTERS, ids=str)
other_rasters = pytest.mark.parametrize("raster", RASTERS[1:], ids=str)


def network_for(raster):
    return Network([Flatten(), Dense(len(CLASSES))], (1, raster.side, raster.side))


def model_of(raster):
    network = network_for(raster)
    return Model(network, network.initialise(seed=1), CLASSES, raster)


def drawn(strokes, raster):
    return to_bitmap(strokes, raster.side, pen=raster.pen, padding=raster.padding)


def doodle(name, number):
    return draw(name, np.random.default_rng(number))


def moved(strokes):
    """Return a drawing that is another size elsewhere, as pointers draw it."""
    return [[[3.5 * x + 700 for x in xs], [3.5 * y - 90 for y in ys]] for xs, ys in strokes]


def svg_of(strokes):
    lines = "".join(
        f'<polyline points="{" ".join(f"{x},{y}" for x, y in zip(*stroke, strict=True))}"/>'
        for stroke in strokes
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg">{lines}</svg>'


def write_lines(path, drawings):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps({"drawing": drawing}) + "\n" for drawing in drawings))
    return path


@pytest.fixture
def bucket(surroundings):
    """Return a folder with the bucket's layout that has strokes of ten cats and ten dogs."""
    for name in CLASSES:
        write_lines(
            surroundings / "bucket" / "simplified" / f"{name}.ndjson",
            [doodle(name, number) for number in range(10)],
        )
    return surroundings / "bucket"


def expected(raster, number=10):
    return np.stack([drawn(doodle(name, n), raster) for name in CLASSES for n in range(number)])


@every_raster
def test_predict_draws_strokes_of_every_kind_with_the_models_settings(raster, monkeypatch):
    strokes, model = moved(doodle("cat", 3)), model_of(raster)
    Path("a.json").write_text(json.dumps(strokes))
    write_lines(Path("many.ndjson"), [strokes] * 300)  # more than are drawn at once
    Path("a.svg").write_text(svg_of(strokes))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(strokes).encode())))
    found = predict(model, ["a.json", "many.ndjson", "a.svg", "-"])
    assert len(found) == 303
    bitmap = drawn(strokes, raster)
    for prediction in found:
        np.testing.assert_array_equal(prediction.reading.bitmap, bitmap)
    np.testing.assert_array_equal(model.bitmaps([strokes]), bitmap[None])


@every_raster
def test_predict_reads_pictures_with_the_models_settings(raster, monkeypatch):
    picture(doodle("cat", 3)).save("a.png")
    content = Path("a.png").read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    bitmap = bitmap_from_image("a.png", raster.side, pen=raster.pen, padding=raster.padding)
    for prediction in predict(model_of(raster), ["a.png", "-"]):
        np.testing.assert_array_equal(prediction.reading.bitmap, bitmap)


@every_raster
def test_training_and_evaluation_draw_stroke_files_with_the_models_settings(raster, bucket):
    trained = train(
        "cat,dog", data=bucket, out="run", network=network_for(raster), raster=raster, epochs=1
    )
    model = load("run/model.safetensors")
    assert model.raster == raster
    found = evaluate(model, bucket, part="all")
    np.testing.assert_array_equal(found.drawings.bitmaps, expected(raster))
    assert evaluate(model, bucket).part == "test"  # the training's own drawings, known again
    learnt = {bitmap.tobytes() for part in trained.parts for bitmap in part.bitmaps}
    assert learnt == {bitmap.tobytes() for bitmap in expected(raster)}


@every_raster
def test_own_drawings_are_drawn_with_the_models_settings(raster, surroundings):
    for name in CLASSES:
        folder = surroundings / "mine" / name
        folder.mkdir(parents=True)
        (folder / "a.json").write_text(json.dumps(moved(doodle(name, 0))))
        (folder / "b.svg").write_text(svg_of(doodle(name, 1)))
        picture(doodle(name, 2)).save(folder / "c.png")
    found = evaluate(model_of(raster), "mine")
    for name, bitmaps in zip(CLASSES, np.split(found.drawings.bitmaps, 2), strict=True):
        a, b, c = bitmaps
        np.testing.assert_array_equal(a, drawn(moved(doodle(name, 0)), raster))
        np.testing.assert_array_equal(b, drawn(doodle(name, 1), raster))
        read = {"pen": raster.pen, "padding": raster.padding}
        again = bitmap_from_image(surroundings / "mine" / name / "c.png", raster.side, **read)
        np.testing.assert_array_equal(c, again)


@other_rasters
def test_doodles_and_mirrors_are_drawn_with_the_models_settings(raster, bucket):
    model = model_of(raster)
    (bucket / "numpy_bitmap").mkdir()
    for name in CLASSES:  # are there, and of no use
        np.save(bucket / "numpy_bitmap" / f"{name}.npy", np.zeros((9, 784), np.uint8))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(bucket)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        found = evaluate(model, address)
    finally:
        server.shutdown()
        server.server_close()
    np.testing.assert_array_equal(found.drawings.bitmaps, expected(raster))
    made = load_drawings(CLASSES, raster=raster, offline=True, limit=3).drawings
    again = load_drawings(CLASSES, raster=raster, offline=True, limit=3).drawings  # kept
    assert made.bitmaps.shape == (6, raster.side, raster.side)
    np.testing.assert_array_equal(made.bitmaps, again.bitmaps)
    google = load_drawings(CLASSES, offline=True, limit=3).drawings
    assert google.side == 28
    assert made.fingerprint() != google.fingerprint()


# --- drawings by which two rules could be told apart: small, fractional, nearly framed ------------


def ways(drawings, raster):
    """Yield for each way into a network its name, and the bitmaps that come of drawings by it."""
    model = model_of(raster)
    lines = "".join(json.dumps({"word": "cat", "drawing": d}) + "\n" for d in drawings)
    Path("words.ndjson").write_text(lines)
    write_lines(Path("bucket/simplified/cat.ndjson"), drawings)
    Path("mine/cat").mkdir(parents=True, exist_ok=True)
    for number, drawing in enumerate(drawings):
        Path(f"mine/cat/{number:05}.json").write_text(json.dumps({"drawing": drawing}))
    for place in ("bucket", "words.ndjson", "mine"):
        yield f"evaluate {place}", evaluate(model, place, part="all").drawings.bitmaps
        yield f"train {place}", load_drawings(["cat"], data=place, raster=raster).drawings.bitmaps
        again = load_drawings(["cat"], data=place, raster=raster).drawings.bitmaps
        yield f"train {place}, from the cache", again
    yield "predict", np.stack([p.reading.bitmap for p in predict(model, ["words.ndjson"])])
    yield "a program", model.bitmaps(drawings)
    out = Path("packed.npy")
    how = {"side": raster.side, "pen": raster.pen, "padding": raster.padding}
    pack(["words.ndjson"], out, **how)
    yield "pack", np.load(out).reshape(-1, raster.side, raster.side)
    if raster == Raster():
        samples = sample_drawings(["words.ndjson"], len(drawings)).samples
        yield "preview", np.stack([sample.bitmap for sample in samples])
        yield "preview's strokes", np.stack([rasterize(sample.strokes) for sample in samples])


@every_raster
def test_one_rule_decides_what_is_drawn_as_it_is(raster, surroundings):
    drawings = [drawing for drawing, _ in FRAMES.values()]
    how = {"side": raster.side, "pen": raster.pen, "padding": raster.padding}
    for (name, (drawing, as_it_is)), bitmap in zip(
        FRAMES.items(), to_bitmaps(drawings, **how), strict=True
    ):
        framed = drawing if as_it_is else simplify(drawing)
        np.testing.assert_array_equal(bitmap, rasterize(framed, **how), err_msg=name)
    for way, bitmaps in ways(drawings, raster):
        expected = to_bitmaps(drawings, **how)
        np.testing.assert_array_equal(bitmaps, expected, err_msg=way)


def test_random_drawings_are_the_same_bytes_by_every_way(surroundings):
    drawings = random_frames(60, seed=1)
    for way, bitmaps in ways(drawings, Raster()):
        np.testing.assert_array_equal(bitmaps, to_bitmaps(drawings), err_msg=way)


@pytest.mark.slow
def test_many_random_drawings_are_the_same_bytes_by_every_way(surroundings):
    drawings = random_frames(1000 * THOROUGH, seed=2)
    for way, bitmaps in ways(drawings, Raster()):
        np.testing.assert_array_equal(bitmaps, to_bitmaps(drawings), err_msg=way)


def test_the_server_sees_what_a_program_sees(surroundings):
    drawings = [drawing for drawing, _ in FRAMES.values()] + random_frames(40, seed=3)
    model = model_of(Raster())
    served = {"model": Served("model", model, b"")}
    for drawing in drawings:
        body = json.dumps({"strokes": drawing, "top": 1}).encode()
        (guess,) = predicting.predict(served, "application/json", body)["guesses"]
        probabilities = model.predict_proba(to_bitmaps([drawing]))[0]
        assert guess["probability"] == pytest.approx(probabilities.max(), abs=1e-6)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


# --- bitmaps that the model did not learn from ----------------------------------------------------


@other_rasters
def test_googles_bitmaps_are_left_out_by_a_model_of_other_settings(raster, bucket):
    (bucket / "numpy_bitmap").mkdir()
    for name in CLASSES:
        np.save(bucket / "numpy_bitmap" / f"{name}.npy", np.zeros((9, 784), np.uint8))
    found = evaluate(model_of(raster), bucket)
    np.testing.assert_array_equal(found.drawings.bitmaps, expected(raster))
    shutil.rmtree(bucket / "simplified")
    with pytest.raises(InkgradError, match=r"no strokes of cat, dog in .*Google's bitmaps"):
        evaluate(model_of(raster), bucket)


def test_bitmaps_of_another_size_are_refused_in_one_sentence(bucket):
    np.save("small.npy", np.zeros((5, 784), np.uint8))
    model_of(Raster(56)).save("model.safetensors")
    with pytest.raises(
        InkgradError, match=r"small\.npy: an array of shape \(5, 784\); bitmaps hav"
    ):
        predict("model.safetensors", ["small.npy"])
    message = (
        r"shape \(5, 28, 28\); give \(n, 56, 56\) or \(n, 3136\), or strokes, which are drawn to "
    )
    with pytest.raises(InkgradError, match=message):
        load("model.safetensors").predict(np.zeros((5, 28, 28), np.uint8))
    np.save("large.npy", np.zeros((5, 3136), np.uint8))
    assert len(predict("model.safetensors", ["large.npy"])) == 5
    with pytest.raises(InkgradError, match=r"large\.npy: .* these have sides of 56, and only"):
        predict(model_of(Raster()), ["large.npy"])


def test_drawings_that_a_program_gives_must_fit_the_network(bucket):
    drawings = load_drawings(CLASSES, data=bucket).drawings
    with pytest.raises(InkgradError, match=r"sides of 28 pixels, but the network takes 56; load"):
        train(loaded=Loaded(drawings, "mine"), out="run", network=network_for(Raster(56)))
    assert not Path("run").exists()


def test_the_size_follows_the_network(bucket):
    trained = train("cat,dog", data=bucket, out="run", network=network_for(Raster(40)), epochs=1)
    assert trained.model.raster == Raster(40)
    Image.fromarray(expected(Raster(40))[0]).save("a.png")  # of the model's size: as it is
    (one,) = predict(trained.model, ["a.png"])
    np.testing.assert_array_equal(one.reading.bitmap, expected(Raster(40))[0])


# --- hostile strokes, from the command line -------------------------------------------------------


ARE_DRAWINGS_IN_A_FILE = {
    *("object", "one dimension too many"),  # a record, a list of one drawing
    # forms that drawing pages save
    *("strokes of objects", "four rows", "one stroke, not a list", "points instead of rows"),
}
IN_FILES = {
    name: json.dumps(strokes, default=np.ndarray.tolist)
    for name, strokes in {**NO_DRAWINGS, **LONG}.items()
    if name not in ARE_DRAWINGS_IN_A_FILE and (name in HOSTILE or "integer" in name)
}


def predicted(*words, stdin=None):
    return CliRunner().invoke(cli.app, ["predict", *map(str, words)], input=stdin)


WAYS_IN = ["a.json", "a.ndjson", "-"]


@pytest.mark.parametrize(
    ("name", "way"),
    [
        # Each by one way; the other two are slow, and reach the same check of strokes.
        pytest.param(name, way, marks=[pytest.mark.slow] if (number + turn) % 3 else [])
        for number, name in enumerate(IN_FILES)
        for turn, way in enumerate(WAYS_IN)
    ],
)
def test_hostile_strokes_end_predict_in_one_sentence(name, way, doodle_run):
    text = IN_FILES[name]
    Path("a.json").write_text(text)
    Path("a.ndjson").write_text(f'{{"drawing": {text}}}\n')
    stdin = text if way == "-" else None
    result = predicted(doodle_run.folder / "model.safetensors", way, stdin=stdin)
    assert result.exit_code == 2, result.output
    assert result.output.startswith("inkgrad: ")
    assert result.output.count("\n") == 1


@pytest.mark.parametrize(
    ("points", "strokes"),
    [
        (1_100_000, 1000),
        pytest.param(10_000_000, 1000, marks=pytest.mark.slow),
        pytest.param(10_000_000, 1, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("form", ["a.json", "a.ndjson", "-"])
def test_millions_of_points_end_predict_in_one_sentence(points, strokes, form, doodle_run):
    row = "[" + ",".join(["0"] * (points // strokes)) + "]"
    text = "[" + ",".join([f"[{row},{row}]"] * strokes) + "]"
    if form.endswith(".ndjson"):
        text = f'{{"drawing": {text}}}\n'
    Path("a.ndjson" if form.endswith(".ndjson") else "a.json").write_text(text)
    stdin = text if form == "-" else None
    result = predicted(doodle_run.folder / "model.safetensors", form, stdin=stdin)
    assert result.exit_code == 2, result.output
    assert result.output.count("\n") == 1
    assert re.match(
        r"inkgrad: .*(at most 1,000,000 can be drawn|longer than 16,777,216 bytes)", result.output
    )


def test_negative_coordinates_are_read_like_any_other(doodle_run):
    strokes = doodle("cat", 5)
    shifted = [[[x - 1000 for x in xs], [y - 9 for y in ys]] for xs, ys in strokes]
    Path("a.json").write_text(json.dumps([stroke.tolist() for stroke in simplify(strokes)]))
    Path("b.json").write_text(json.dumps(shifted))
    one, other = predict(doodle_run.model, ["a.json", "b.json"])
    assert one.reading.guesses == other.reading.guesses
