"""The command line as its users meet it: in this process by typer's runner, and in real ones."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from typer.main import get_command
from typer.testing import CliRunner

import inkgrad
from inkgrad import cli
from inkgrad.cli import training
from inkgrad.errors import ModelError
from inkgrad.packaged import PACKAGED
from inkgrad.quickdraw import TASKS
from inkgrad.quickdraw.doodles import doodle_bitmaps, draw
from inkgrad.training import Recipe
from inkgrad.workflows import Settings
from inkgrad.workflows.record import FLAGS
from tests.buckets import write_bucket
from tests.quickdraw.bucket import Bucket

pytestmark = pytest.mark.usefixtures("surroundings")


def run(*words, stdin=None):
    """Run a command in this process."""
    return CliRunner().invoke(cli.app, [str(word) for word in words], input=stdin)


def ok(*words, stdin=None):
    """Run a command that must succeed, and return what it printed."""
    result = run(*words, stdin=stdin)
    assert result.exit_code == 0, result.output
    return result.output


def failed(*words):
    """Run a command that must be refused, and return what it said."""
    result = run(*words)
    assert result.exit_code == 2, result.output
    return result.output


def process(*words, script="from inkgrad.cli import main; main()", **options):
    """Run a command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, words)],
        capture_output=True,
        timeout=120,
        check=False,
        **options,
    )


@pytest.fixture
def model(doodle_run):
    return doodle_run.folder / "model.safetensors"


def train_options(*more):
    return ("--batch-size", 64, "--epochs", 1, *more)


# --- every command ------------------------------------------------------------------------------


def test_train_writes_what_it_promises_and_says_so(doodle_folder):
    out = ok("train", "--task", "pets", "--data", doodle_folder, "--out", "run", *train_options())
    for name in ("model.safetensors", "metrics.jsonl", "report.html"):
        assert (Path("run") / name).stat().st_size > 0
    assert f"source    the folder {doodle_folder}" in out
    assert "drawings  cat 40, dog 40" in out
    assert "parts     train 60, validation 4, test 16" in out
    assert "epoch 1/1 done" in out
    assert "On 16 drawings that it was not trained on" in out
    assert "rows: drawn; columns: read" in out
    assert "run/report.html  (open it in a browser)" in out
    assert "predict run/model.safetensors my-drawing.png" in out
    assert f"evaluate run/model.safetensors --data {shlex.quote(str(doodle_folder))}" in out
    assert "\x1b" not in out


def test_the_recorded_command_makes_the_same_model(doodle_folder, surroundings):
    chosen = (
        *("--seed", 3, "--epochs", 2, "--limit", 30, "--batch-size", 16, "--optimizer", "sgd"),
        *("--learning-rate", 0.05, "--schedule", "one-cycle", "--momentum", 0.8, "--nesterov"),
        *(
            "--weight-decay",
            0.001,
            "--clip-norm",
            1.5,
            "--label-smoothing",
            0.1,
            "--averaging",
            0.9,
        ),
        *("--patience", 9, "--test-size", 0.25, "--validation-size", 0.1, "--balance"),
        *("--augment", 2, "--variation", "turn=5,mirror=0", "--split-seed", 8, "--reject"),
        *("--suspicious", "odd.json", "--from", "animals", "--own", "mine"),
    )
    bitmaps, _ = doodle_bitmaps(["dog"], 6, seed=3)
    for number, bitmap in enumerate(bitmaps):
        Path("mine/logo").mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - bitmap).save(f"mine/logo/{number}.png")
    Path("odd.json").write_text('{"suspicious": []}')
    ok("train", "--classes", "cats,zebra", "--data", doodle_folder, "--out", "one", *chosen)
    command = inkgrad.load("one/model.safetensors").record["command"]
    program, *words = shlex.split(command)
    assert program == "inkgrad"
    words[words.index("--data") + 1] = str(doodle_folder)
    ok(*words, "--out", "two")
    one, two = (Path(name, "model.safetensors").read_bytes() for name in ("one", "two"))
    assert one == two
    for flag in FLAGS:
        if flag not in ("split", "fold", "per_class"):  # not with --test-size, --balance
            assert ("--from" if flag == "start" else f"--{flag.replace('_', '-')}") in words
    assert words[words.index("--split-seed") + 1] == "8"


def test_the_recorded_command_names_the_fold_and_drawings_of_each_class(doodle_folder):
    words = ("--classes", "cat,dog", "--data", doodle_folder, "--limit", 30, "--per-class", 9)
    ok("train", *words, "--epochs", 1, "--fold", "2/3", "--out", "one")
    command = inkgrad.load("one/model.safetensors").record["command"]
    assert "--per-class 9" in command
    assert "--fold 2/3" in command


def test_every_setting_of_a_run_has_an_option_and_is_recorded():
    options = {param.name for param in get_command(cli.app).commands["train"].params}
    about_the_run = {"task", "classes", "data", "network", "seed", "split_seed", "epochs"}
    elsewhere = {"out", "resume", "restart", "engine", "offline", "help"}
    elsewhere |= {"reject"}  # short for a share of outliers
    assert options - elsewhere == about_the_run | set(FLAGS)


def test_the_defaults_in_the_help_are_those_of_the_recipe():
    told = {}
    for param in get_command(cli.app).commands["train"].params:
        if found := re.search(r"\(default: (.*)\)", getattr(param, "help", None) or ""):
            told[param.name] = found[1]
    assert told.pop("out") == "runs/NAME"
    assert told.pop("network") == "seed"
    have = Settings(("cat", "dog")).choices()
    assert told == {name: str(have[name]) for name in told}
    assert {"epochs", "batch_size", "optimizer", "learning_rate", "seed", "split"} <= set(told)
    assert Recipe().nesterov is False


def test_a_network_from_a_file_is_trained_described_and_checked(doodle_folder, tmp_path):
    described = json.loads(ok("info", "--json"))["network"]
    described["layers"] = [
        {"type": "Conv2D", "filters": 4, "size": 3, "stride": 2, "bias": False},
        {"type": "LeakyReLU"},
        {"type": "GlobalAveragePool"},
        {"type": "Dense", "outputs": 2},
    ]
    (tmp_path / "net.json").write_text(json.dumps(described))
    network = ("--network", tmp_path / "net.json")
    assert "global1" in ok("info", *network)
    assert json.loads(ok("check", *network, "--json"))[0]["layer"] == "conv1"
    ok(
        *("train", "--task", "pets", "--data", doodle_folder, "--out", "run", *network),
        *train_options(),
    )
    found = json.loads(ok("info", "run/model.safetensors", "--json"))
    assert [layer["name"] for layer in found["layers"]] == ["conv1", "leaky1", "global1", "dense1"]
    assert "--network network.json" in found["record"]["command"]
    described["layers"][0]["groups"] = 3
    (tmp_path / "net.json").write_text(json.dumps(described))
    message = failed("train", "--task", "pets", "--data", doodle_folder, "--out", "other", *network)
    assert "layer 1 (Conv2D): 4 filters cannot be split into 3 groups" in message
    assert not Path("other").exists()


def test_exact_checks_have_error_0():
    facts = json.loads(ok("check", "--exact", "--json"))
    assert facts["cases"] > 150
    assert facts["largest_error"] == 0
    assert "exactly right" in ok("check", "--exact")
    assert "name one of them" in failed("check", "twenty", "--exact")


def test_the_notebooks_split_can_be_chosen(doodle_folder):
    ok(
        *("train", "--task", "pets", "--data", doodle_folder, "--out", "run"),
        *train_options("--split", "notebook"),
    )
    assert (
        json.loads(ok("evaluate", "run/model.safetensors", "--data", doodle_folder, "--json"))["n"]
        == len(range(80)) * 0.2
    )


def test_train_resumes(doodle_folder):
    common = ("--task", "pets", "--data", doodle_folder, *train_options())
    ok("train", *common, "--out", "run")
    for options in ((), common):
        told = ok("train", *options, "--resume", "--out", "run")  # so that a loop until 0 ends
        assert told.startswith("note: the run in run is finished already, with the model run/mod")
        assert len(told.splitlines()) == 1


def test_evaluate_agrees_with_training(doodle_run, model, doodle_folder):
    found = json.loads(ok("evaluate", model, "--data", doodle_folder, "--json"))
    calibration = found.pop("calibration")
    assert sum(part["drawings"] for part in calibration["bins"]) == found["n"]
    assert found == {
        **doodle_run.figures(),
        "part": "test",
        "source": f"the folder {doodle_folder}",
        "missing": [],
        "model": str(model),
    }
    assert {"n", "top1", "top3", "map3", "balanced_accuracy"} <= set(found)
    assert (
        json.loads(
            ok("evaluate", model, "--data", doodle_folder, "--json", "--part", "all", "--limit", 5)
        )["n"]
        == 15
    )


def test_evaluate_in_bytes(doodle_run, model, doodle_folder):
    words = ("evaluate", model, "--data", doodle_folder, "--json", "--engine", "reference")
    found, plain = json.loads(ok(*words, "--precision", "int8")), json.loads(ok(*words))
    assert found["n"] == plain["n"]
    assert 0 < abs(found["log_loss"] - plain["log_loss"]) < 0.01


def test_evaluate_for_reading(model, doodle_folder, surroundings):
    out = ok("evaluate", model, "--data", doodle_folder)
    assert "part    test (held out from training)" in out
    assert re.search(r"top-1\s+balanced\s+top-3\s+MAP@3\s+log loss\s+drawings", out)
    assert re.search(r"zebra\s+8\s+", out)
    other = write_bucket(surroundings / "other", ("cat",), 5, seed=3)
    out = ok("evaluate", model, "--data", other)
    assert "part    all (all that are there)" in out
    assert "note: there are no drawings of dog, zebra; no figure counts them" in out


def test_predict_tells_what_it_sees(model):
    strokes = draw("zebra", np.random.default_rng(1))
    Path("zebra.json").write_text(json.dumps(strokes))
    out = ok("predict", model, "zebra.json", "--top", 2)
    assert "zebra.json" in out
    assert len(re.findall(r"\d\.\d %", out)) == 2
    found = json.loads(ok("predict", "--model", model, "zebra.json", "--json"))
    assert [(entry["name"], len(entry["guesses"])) for entry in found] == [("zebra.json", 3)]
    piped = json.loads(ok("predict", model, "-", "--json", stdin=json.dumps(strokes)))
    assert piped == [{**found[0], "name": "standard input"}]
    assert 0 <= found[0]["familiarity"] <= 1


def test_right_after_installation_predict_asks_the_packaged_model_that_knows_most():
    Image.fromarray(np.eye(28, dtype=np.uint8) * 255).save("x.png")
    assert "x.png" in ok("predict", "x.png")
    asked = json.loads(ok("predict", "x.png", "--json", "--top", 999))
    known = max((inkgrad.load(name).classes for name in PACKAGED), key=len)
    assert {guess["class"] for guess in asked[0]["guesses"]} == set(known)


def test_models_that_come_along_are_called_by_name(surroundings):
    Path("x.json").write_text(json.dumps(draw("cat", np.random.default_rng(1))))
    for words in (("predict", "twenty"), ("predict", "--model", "twenty")):
        (found,) = json.loads(ok(*words, "x.json", "--json", "--top", 30))
        assert len(found["guesses"]) == 20
    assert json.loads(ok("info", "twenty", "--json"))["classes"][0] == "airplane"
    Path("animals").mkdir()  # what is there under a name is what is meant
    with pytest.raises(ModelError, match="there is no model file animals"):
        inkgrad.load("animals")


def test_info(model, doodle_folder):
    facts = json.loads(ok("info", model, "--json"))
    assert facts["parameters"] == 420_739  # as the seed network has, but for two classes' outputs
    assert facts["classes"] == ["cat", "dog", "zebra"]
    assert [layer["name"] for layer in facts["layers"]][-1] == "dense2"
    assert json.loads(ok("info", "--json"))["parameters"] == 420_997
    assert "420,997" in ok("info")
    out = ok("info", model)
    assert "3 classes" in out
    assert "command   inkgrad train --classes cat,dog,zebra" in out
    assert "40 of 28 × 28 pixels" in ok("info", doodle_folder / "numpy_bitmap" / "cat.npy")


def test_check(tmp_path):
    network = inkgrad.Network([inkgrad.Flatten(), inkgrad.Dense(2)])
    path = tmp_path / "small.safetensors"
    inkgrad.Model(network, network.initialise(), ("cat", "dog")).save(path)
    rows = json.loads(ok("check", path, "--json"))
    assert {"layer", "relative_error", "quantity", "method", "tolerance", "passed"} == set(rows[0])
    assert {row["layer"] for row in rows} == {"flatten1", "dense1", "loss"}
    assert all(row["relative_error"] <= row["tolerance"] for row in rows)
    out = ok("check", path, "--seed", 1)
    assert "dweight" in out
    assert f"All {len(rows)} relative errors are within tolerance" in out


def test_check_fails_where_a_derivative_is_wrong(monkeypatch, tmp_path):
    network = inkgrad.Network([inkgrad.Flatten(), inkgrad.Dense(2)])
    path = tmp_path / "small.safetensors"
    inkgrad.Model(network, network.initialise(), ("cat", "dog")).save(path)
    backward = inkgrad.Dense.backward

    def wrong(self, dy, saved):
        dx, gradients = backward(self, dy, saved)
        return dx, {**gradients, "bias": 2 * gradients["bias"]}

    monkeypatch.setattr(inkgrad.Dense, "backward", wrong)
    result = run("check", path)
    assert result.exit_code == 1
    assert "relative errors are too large" in result.output


def test_download_from_a_mirror(doodle_folder):
    with Bucket() as bucket:
        for path in (doodle_folder / "numpy_bitmap").iterdir():
            bucket.files[f"numpy_bitmap/{path.name}"] = path.read_bytes()
        out = ok("download", "cat", "dog", "--from", bucket.url, "--to", "kept", "--limit", 5)
        assert re.findall(r"^(\w+)  0\.0 MB  kept/", out, re.MULTILINE) == ["cat", "dog"]
        out = ok("download", "cat", "--from", bucket.url, "--to", "kept", "--all-rows")
    (path,) = re.findall(r"(kept/\S+)", out)
    assert len(np.load(path)) == 40


def test_preview(doodle_folder):
    out = ok("preview", doodle_folder, "-o", "cats.png", "--class", "cat", "--n", 6, "--columns", 3)
    assert re.fullmatch(
        r"doodles: 6 of 40 drawings · 1 class · seed 42  0\.\d MB  cats\.png\n", out
    )
    with Image.open("cats.png") as sheet:
        assert (sheet.format, sheet.width) == ("PNG", 640)
    drawings = [doodle_folder / "numpy_bitmap" / f"{name}.npy" for name in ("cat", "dog")]
    assert "of 80 drawings · 2 classes · seed 7" in ok("preview", *drawings, "--seed", 7)
    assert Path("sheet.png").exists()
    assert "built-in doodles: 2 drawings" in ok("preview", "--n", 2)


def test_inspect(doodle_folder):
    options = ("--folds", 2, "--epochs", 1, "--engine", "reference", "-o", "odd")
    words = ("inspect", doodle_folder, "--classes", "cat,dog,zebra", *options)
    out = ok(*words)
    listed = json.loads(Path("odd/suspicious.json").read_text())["suspicious"]
    assert re.search(rf"^{len(listed)} of 120 drawings are suspicious \(networks", out, re.M)
    for name, count in Counter(one["class_name"] for one in listed).items():
        assert re.search(rf"^ *{name} +40 +{count} +\d+\.\d %  ", out, re.M)
        assert Path(f"odd/{name}.png").exists()
    assert json.loads(run(*words, "--json").stdout)["suspicious"] == listed
    assert "nowhere" in failed("inspect", "nowhere", "--classes", "cat,dog", "-o", "never")
    assert not Path("never").exists()


def test_pack(surroundings):
    strokes = [[[[0, 255], [3, 0]]], [[[0, 9, 4], [70, 0, 255]]]]
    for name in ("cat", "dog"):
        (surroundings / "mine" / name).mkdir(parents=True)
        Path("mine", name, "a.json").write_text(json.dumps(strokes))
    assert ok("pack", "mine", "-o", "all.npy") == "drawings: 4  0.0 MB  all.npy\n"
    out = ok("pack", "mine", "-o", "packed", "--side", 56, "--pen", 9, "--padding", 3.5)
    assert out == "cat: 2  0.0 MB  packed/cat.npy\ndog: 2  0.0 MB  packed/dog.npy\n"
    expected = [inkgrad.rasterize(d, 56, pen=9, padding=3.5).ravel() for d in strokes]
    np.testing.assert_array_equal(np.load("packed/dog.npy"), expected)
    assert "2 of 56 × 56 pixels" in ok("info", "packed/dog.npy")
    assert "2 drawings" in ok("preview", "packed/dog.npy")


def test_export(doodle_run, monkeypatch):
    from inkgrad.export import page
    from tests.export.standin import write_site

    monkeypatch.setattr(page, "_SITE", write_site(Path("site")))
    model = doodle_run.folder / "model.safetensors"
    out = ok("export", "--html", model, "-o", "new/mine.html")
    size = Path("new/mine.html").stat().st_size
    what = f"the page in one file, {size:,} bytes, weights in int8"
    assert out == f"{what}  0.5 MB  new/mine.html\n"
    assert 'data-name="model"' in Path("new/mine.html").read_text("utf-8")
    ok("export", model, "--html")
    assert Path("doodles.html").read_bytes() == Path("new/mine.html").read_bytes()


def test_export_of_a_smaller_model_file(model, doodle_folder):
    out = ok("export", model, "-o", "new/small.safetensors", "--data", doodle_folder)
    size = Path("new/small.safetensors").stat().st_size
    assert size < 0.52 * model.stat().st_size
    first, second = out.splitlines()
    assert first.startswith(f"the model, {size:,} bytes, weights in float16  ")
    assert re.fullmatch(
        r"right about \d+\.\d\d% of \d+ drawings before the weights were rounded, \d+\.\d\d% after",
        second,
    )
    ok("export", "new/small.safetensors", "-o", "large.safetensors", "--weights", "float32")
    large, small = inkgrad.load("large.safetensors"), inkgrad.load("new/small.safetensors")
    assert large.to_bytes() == small.to_bytes() == Path("large.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["missing.safetensors", "--html"], "there is no model file missing.safetensors"),
        (["MODEL"], "nothing to write is named; add --html for the drawing page, or -o FILE.sa"),
        (["MODEL", "-o", "a.txt"], "a.txt does not end in .safetensors; name a file to write"),
        (["MODEL", "-o", "file/a.safetensors"], "cannot write file/a.safetensors: "),
        (["MODEL", "-o", "a.safetensors", "--weights", "int8"], "cannot hold weights in 'int8'"),
        (["MODEL", "--html", "-o", "a.txt"], "a.txt does not end in .html; name a file to write"),
        (["MODEL", "--html", "-o", "folder.html"], "folder.html is a folder; name a file"),
        (["MODEL", "--html", "-o", "file/a.html"], "cannot write file/a.html: "),
    ],
)
def test_what_cannot_be_exported_is_told(doodle_run, words, message, monkeypatch):
    from inkgrad.export import page
    from tests.export.standin import write_site

    monkeypatch.setattr(page, "_SITE", write_site(Path("site")))
    Path("folder.html").mkdir()
    Path("file").touch()
    model = doodle_run.folder / "model.safetensors"
    result = run("export", *[model if word == "MODEL" else word for word in words])
    assert result.exit_code == 2
    assert message in result.output
    assert len(result.output.splitlines()) == 1
    assert sorted(path.name for path in Path().iterdir()) == ["file", "folder.html", "site"]


def test_demo(surroundings):
    write_bucket(surroundings / "five", inkgrad_animals(), 8, seed=1)
    out = ok("demo", "--data", "five", "--epochs", 1, "--out", "seen", "--seed", 1)
    assert "Try next" in out
    assert "seen/model.safetensors" in out
    assert json.loads(ok("info", "seen/model.safetensors", "--json"))["record"]["settings"][
        "balance"
    ]


@pytest.mark.parametrize(
    ("answer", "served"), [("\n", True), ("y\n", True), ("n\n", False), ("", False)]
)
def test_at_a_terminal_the_demo_offers_to_open_the_page(surroundings, monkeypatch, answer, served):
    write_bucket(surroundings / "five", inkgrad_animals(), 8, seed=1)
    asked = []
    monkeypatch.setattr(training, "_somebody_is_there", lambda: True)
    monkeypatch.setattr("inkgrad.web.serve", lambda model, **options: asked.append(model))
    out = ok("demo", "--data", "five", "--epochs", 1, "--out", "seen", stdin=answer)
    assert "Open the drawing page now? [Y/n]" in out
    assert asked == [str(Path("seen/model.safetensors"))] * served


def test_nobody_is_asked_where_nobody_can_answer(surroundings, monkeypatch):
    write_bucket(surroundings / "five", inkgrad_animals(), 8, seed=1)
    out = ok("demo", "--data", "five", "--epochs", 1, "--out", "seen", stdin="y\n")
    assert "Open the drawing page now?" not in out
    assert "serve seen/model.safetensors" in out
    terminal = SimpleNamespace(isatty=lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: True, write=print))
    monkeypatch.delenv("CI", raising=False)
    assert training._somebody_is_there()
    monkeypatch.setenv("CI", "true")
    assert not training._somebody_is_there()
    monkeypatch.delenv("CI")
    monkeypatch.setattr(sys, "stdin", None)
    assert not training._somebody_is_there()


def inkgrad_animals():

    return TASKS["animals"]


def test_version_and_help():
    assert ok("--version") == f"inkgrad {inkgrad.__version__}\n"
    for command in get_command(cli.app).commands:
        assert command in ok("--help")
        assert "Usage" in ok(command, "-h")


# --- mistakes -----------------------------------------------------------------------------------

MISTAKES = [
    ("train", "no classes are named"),
    ("train --task animals --classes cat", "both classes and the task"),
    ("train --classes cat --data DATA", "1 class is too few"),
    ("train --classes cat,dgo --data DATA", "did you mean dragon"),
    ("train --classes cat,cat --data DATA", "given twice"),
    ("train --classes cat,owl --data DATA", "there are no drawings of owl"),
    ("train --task nonsense --data DATA", "there is no task 'nonsense'"),
    ("train --task pets --data DATA --engine steam", "engine is 'steam'"),
    ("train --task pets --data DATA --optimizer magic", "optimizer is 'magic'"),
    ("train --task pets --data DATA --schedule magic", "schedule is 'magic'"),
    ("train --task pets --data DATA --split magic", "the split is 'magic'"),
    ("train --task pets --data DATA --epochs 0", "epochs is 0"),
    ("train --task pets --data DATA --limit 1", "the limit is 1"),
    ("train --task pets --data DATA --limit 2 --out FILE", "is a file; name a folder"),
    ("train --task pets --data DATA --limit 4 --out FILE/x", "cannot write to"),
    ("train --task pets --data DATA --patience 1 --validation-size 0", "patience watches"),
    ("train --task pets --data ftp://example.org", "an address of an unknown kind"),
    ("train --task pets --data nowhere", "nowhere does not exist; name a folder"),
    ("train --task pets --data FILE", "is a file; name a folder of drawings"),
    ("train --classes cat,octopus --offline", "no drawings of cat, octopus: no server"),
    ("train --resume", "no run to resume is named; give its folder with --out"),
    ("train --resume --out nowhere", "there is no run to resume in nowhere"),
    ("demo --data nowhere", "nowhere does not exist"),
    ("evaluate nothing.safetensors", "there is no model file nothing.safetensors"),
    ("evaluate FILE --data DATA", "not a readable safetensors file"),
    ("evaluate . --data DATA", "there is no model file ."),
    ("evaluate MODEL --data nowhere", "nowhere does not exist"),
    ("evaluate MODEL --data DATA --part half", "part is 'half'"),
    ("evaluate MODEL --data DATA --limit 0", "limit is 0"),
    ("evaluate MODEL --data DATA --precision int4", "precision is 'int4'; choose one of float32"),
    ("predict MODEL", "no drawings are given"),
    ("predict MODEL nothing.png", "nothing.png does not exist"),
    ("predict MODEL .", ". holds no drawings; expected numpy_bitmap"),
    ("predict MODEL FILE", "files of drawings end in"),
    ("predict MODEL MODEL", "files of drawings end in"),
    ("predict MODEL FILE --top 0", "top is 0"),
    ("predict MODEL FILE --precision half", "precision is 'half'; choose one of float32, int8"),
    ("predict MODEL -", "standard input is empty"),
    ("predict x.png", "x.png does not exist"),
    ("evaluate animal", "animal; train one with `inkgrad train`, check the path, or name one"),
    ("download", "no classes are named"),
    ("download cta", "did you mean cat"),
    ("download cat --kind photos", "there is no kind of file 'photos'"),
    ("download cat --from ftp://example.org", "an address of an unknown kind"),
    ("preview nothing.npy", "nothing.npy does not exist"),
    ("preview .", ". holds no drawings"),
    ("preview FILE", "files of drawings end in"),
    ("preview DATA --n 0", "n is 0"),
    ("preview DATA --columns 0", "columns is 0"),
    ("preview DATA --class zerba", "did you mean zebra"),
    ("preview DATA -o FILE", "file.txt does not end in .png"),
    ("preview DATA -o FILE/sheet.png", "cannot write file.txt/sheet.png"),
    ("preview https://example.org", "is a server, and local files are needed; fetch drawings"),
    ("pack nothing.npy", "nothing.npy does not exist"),
    ("pack .", ". holds no drawings"),
    ("pack FILE", "files of drawings end in"),
    ("pack DATA -o FILE", "file.txt is a file whose name does not end in .npy"),
    ("pack DATA -o FILE/a.npy", "cannot write file.txt/a.npy"),
    ("pack DATA --side 0", "side is 0; give a whole number from 1 to 1024"),
    ("pack DATA --side 56", "these have sides of 28, and only strokes can be drawn to any size"),
    ("pack DATA --pen 0", "pen is 0.0; give a width above 0"),
    ("pack https://example.org", "is a server, and local files are needed; fetch drawings"),
    ("info nothing.npy", "nothing.npy does not exist"),
    ("info .", "is a folder"),
    ("check nothing.safetensors", "there is no model file"),
]


@pytest.mark.parametrize(("command", "message"), MISTAKES, ids=[c for c, _ in MISTAKES])
def test_a_mistake_is_one_sentence(command, message, doodle_folder, model, surroundings):
    Path("file.txt").write_text("hello")
    places = {"DATA": str(doodle_folder), "MODEL": str(model), "FILE": "file.txt"}
    words = [re.sub("DATA|MODEL|FILE", lambda m: places[m[0]], w) for w in command.split()]
    result = run(*words)
    assert result.exit_code == 2, result.output
    last = result.output.splitlines()[-1]
    assert last.startswith("inkgrad: ")
    assert message in last
    assert "Traceback" not in result.output
    if "cannot write" not in message:  # that is only known after the drawings are loaded
        assert result.output == f"{last}\n"
    assert {path.name for path in surroundings.iterdir()} <= {"file.txt"}


@pytest.mark.parametrize(
    "command",
    ["frobnicate", "train --frobnicate", "train --epochs many", "evaluate", "predict", "check a b"],
)
def test_a_slip_of_the_pen_is_told_by_typer(command):
    result = run(*command.split())
    assert result.exit_code == 2
    assert "Usage" in result.output
    assert "Traceback" not in result.output


def test_without_a_word_there_is_help():
    result = run()
    assert "Commands" in result.output


def test_the_system_may_refuse(doodle_folder, monkeypatch):
    def refuse(*args, **options):
        raise PermissionError(13, "Permission denied", "secret.npy")

    monkeypatch.setattr("inkgrad.workflows.info", refuse)
    result = run("info", "secret.npy")
    assert result.exit_code == 2
    assert result.output == (
        "inkgrad: Permission denied: secret.npy; check the path, its permissions, and that the "
        "disk has room\n"
    )


def test_an_interruption_while_loading_ends_with_130(monkeypatch):
    def press(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("inkgrad.workflows.info", press)
    result = run("info")
    assert (result.exit_code, result.output) == (130, "inkgrad: interrupted\n")


# --- real processes -----------------------------------------------------------------------------


def test_a_process_tells_a_mistake_as_the_runner_does():
    done = process("train", "--task", "animals", "--epochs", "0", "--offline")
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr == b"inkgrad: epochs is 0; give a whole number of at least 1\n"


def test_the_module_is_the_program():
    done = subprocess.run(
        [sys.executable, "-m", "inkgrad", "--version"], capture_output=True, check=True, timeout=60
    )
    assert done.stdout.decode() == f"inkgrad {inkgrad.__version__}\n"


CTRL_C = """
import os, signal, sys
from inkgrad.cli import main
from inkgrad.terminal import TrainingDisplay

shown, steps = TrainingDisplay.on_event, []

def on_event(self, event):
    shown(self, event)
    steps.append(event)
    if len(steps) == 3:
        os.kill(os.getpid(), signal.SIGINT)

TrainingDisplay.on_event = on_event
main()
"""


def test_ctrl_c_saves_and_says_how_to_go_on(doodle_folder):
    common = ("train", "--task", "pets", "--data", doodle_folder, "--epochs", 2, "--batch-size", 16)
    done = process(*common, "--out", "my run", script=CTRL_C)
    assert done.returncode == 130, done.stderr
    assert done.stderr == b""
    last = done.stdout.decode().splitlines()[-1]
    assert last.endswith("train --resume --out 'my run'")
    assert not Path("my run/model.safetensors").exists()
    ok(*shlex.split(last)[-4:])
    ok(*common, "--out", "whole")
    resumed, whole = (Path(f, "model.safetensors").read_bytes() for f in ("my run", "whole"))
    assert resumed == whole


LOADING = """
import os, signal, sys
import inkgrad.quickdraw.folder as folder
from inkgrad.cli import main

def press(*args, **options):
    os.kill(os.getpid(), signal.SIGINT)

folder.read_class = press
main()
"""


def test_ctrl_c_while_loading_leaves_nothing(doodle_folder, surroundings):
    done = process(
        *("train", "--task", "pets", "--data", doodle_folder, "--out", "run"), script=LOADING
    )
    assert done.returncode == 130
    assert done.stderr == b"inkgrad: interrupted\n"
    assert list(surroundings.iterdir()) == []


def small_files_only():
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


@pytest.mark.skipif(os.name == "nt", reason="needs limits on the size of files")
def test_a_disk_without_room_is_told(doodle_folder):
    done = process(
        *("train", "--task", "pets", "--data", doodle_folder, "--epochs", 1, "--out", "run"),
        preexec_fn=small_files_only,
    )
    assert done.returncode == 2
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("inkgrad: cannot write the checkpoint run/checkpoint-last.safetensors")
    assert not Path("run").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_output_that_cannot_be_written_is_told():
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "inkgrad", "info"],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.decode().startswith("inkgrad: No space left on device; check the path")


@pytest.mark.parametrize("words", [["info"], ["info", "--json"], ["--help"]], ids=" ".join)
def test_a_reader_who_has_seen_enough_is_no_error(words):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "inkgrad", *words],
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(writer)
    assert done.stderr == b""
    assert done.returncode == 1


def test_few_letters_are_enough(model, doodle_folder):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    np.save("one.npy", np.load(doodle_folder / "numpy_bitmap" / "cat.npy")[:1])
    for words in (
        ("evaluate", model, "--data", doodle_folder),
        ("predict", model, "one.npy"),
        ("info", model),
    ):
        done = process(*words, env=environment)
        assert done.returncode == 0, done.stderr
        assert done.stdout.isascii()
        assert b"?" not in done.stdout


def test_help_loads_nothing_heavy():
    script = """
import sys
from inkgrad.cli import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""
    done = process("--help", script=script)
    assert done.returncode == 0
    loaded = set(done.stderr.decode().split())
    heavy = {"numpy", "PIL", "httpx", "jinja2", "safetensors", "platformdirs"}
    assert not heavy & loaded
    assert "inkgrad.workflows" not in loaded


def test_how_the_program_is_called_in_what_it_suggests(monkeypatch, tmp_path):
    program = tmp_path / "bin" / "inkgrad"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(program)])
    monkeypatch.setenv("PATH", str(program.parent))
    assert training.program_name() == "inkgrad"
    monkeypatch.setenv("PATH", "/nowhere")
    assert training.program_name() == shlex.quote(str(program))
    monkeypatch.setattr(sys, "argv", ["/somewhere/inkgrad/__main__.py"])
    assert training.program_name() == f"{Path(sys.executable).name} -m inkgrad"


def test_branches_of_a_network_are_shown(tmp_path):
    described = {
        "input_shape": [1, 6, 6],
        "layers": [
            {"type": "Parallel", "branches": [[{"type": "Conv2D", "filters": 1, "size": 1}], []]},
            {"type": "Flatten"},
            {"type": "Dense", "outputs": 2},
        ],
    }
    path = tmp_path / "network.json"
    path.write_text(json.dumps(described))
    shown = run("info", "--network", str(path)).stdout.splitlines()
    assert [line.split("  ")[0] or line[2:].split("  ")[0] for line in shown[1:5]] == [
        "parallel1",
        "1.conv1",
        "2. as it is",
        "flatten1",
    ]
    facts = json.loads(run("info", "--network", str(path), "--json").stdout)
    assert [[inner["name"] for inner in row] for row in facts["layers"][0]["branches"]] == [
        ["conv1"],
        [],
    ]
