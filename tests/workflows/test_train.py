"""Training: what it writes, that it repeats and resumes to the byte, and what it refuses."""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import inkgrad
from inkgrad.drawing import Raster
from inkgrad.engines import advice, make_engine
from inkgrad.errors import InkgradError, ModelError
from inkgrad.features import examples_per_class
from inkgrad.layers import Dense, Flatten
from inkgrad.network import Network, seed_network
from inkgrad.quickdraw import Drawings, Loaded, load_drawings
from inkgrad.quickdraw.doodles import draw
from inkgrad.training import EpochDone, Notice, StepDone, read_metrics
from inkgrad.workflows import Trained, evaluate, predict, preview, train
from tests.buckets import write_bucket
from tests.compiled import KERNELS, pretend

pytestmark = pytest.mark.usefixtures("surroundings")

PETS = "cat,dog"
SMALL = Network([Flatten(), Dense(2)])  # quick to train
quick = functools.partial(train, PETS, network=SMALL, epochs=2, batch_size=16)


def model_bytes(folder):
    return (Path(folder) / "model.safetensors").read_bytes()


def contents(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


class CtrlC:
    """Presses Ctrl-C after so many steps."""

    def __init__(self, after):
        self.left = after

    def __call__(self, event):
        if isinstance(event, StepDone):
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGINT)


# --- what it gives ------------------------------------------------------------------------------


def test_the_model_file_remembers_the_features_of_each_class(doodle_folder):
    trained = quick(data=doodle_folder, out="run")
    parts, model = trained.parts, inkgrad.load("run/model.safetensors")
    # Behind Flatten alone the features are the pixels. Of the validation part all are looked at.
    n = examples_per_class(len(model.classes), 784)
    for k in range(len(model.classes)):
        first, _ = parts.validation.batch(parts.validation.labels == k)
        then, _ = parts.train.batch(parts.train.labels == k)
        examples = model.features.of_class(k, len(model.classes))
        assert 0 < len(first) < len(examples) <= n
        np.testing.assert_allclose(examples[: len(first)], first.reshape(-1, 784), atol=3e-4)
        others = np.concatenate([first, then]).reshape(-1, 784)
        for example in examples[len(first) :]:
            assert np.abs(others - example).max(axis=1).min() < 3e-4


def test_a_run_leaves_a_model_metrics_and_a_report(doodle_run, doodle_folder):
    assert isinstance(doodle_run, Trained)
    assert doodle_run.stopped == "finished"
    assert {path.name for path in doodle_run.folder.iterdir()} == {
        "card.html",
        "card.md",
        "checkpoint-best.safetensors",
        "checkpoint-last.safetensors",
        "metrics.jsonl",
        "model.safetensors",
        "report.html",
        "run.json",
    }
    model = inkgrad.load(doodle_run.folder / "model.safetensors")
    assert model.classes == ("cat", "dog", "zebra")
    test = doodle_run.parts.test
    np.testing.assert_array_equal(model.predict_proba(test.bitmaps), doodle_run.probabilities)
    epochs = [r for r in read_metrics(doodle_run.folder / "metrics.jsonl") if r["event"] == "epoch"]
    assert [record["epoch"] for record in epochs] == [1, 2, 3]
    report = (doodle_run.folder / "report.html").read_text("utf-8")
    assert "zebra" in report
    assert model.record["command"] in report.replace("&#39;", "'")
    facts = json.loads((doodle_run.folder / "run.json").read_text())
    assert facts["state"] == "finished"
    assert facts["settings"]["data"] == str(doodle_folder)
    assert facts["making"]["seconds"] > 0
    card = (doodle_run.folder / "card.md").read_text("utf-8")
    assert facts["making"]["machine"] in card.replace("\\", "")
    assert "zebra" in card
    for page, other in (("report.html", "card.html"), ("card.html", "report.html")):
        assert f'href="{other}"' in (doodle_run.folder / page).read_text("utf-8")


def test_the_record_tells_how_the_model_was_made(doodle_run):
    record = doodle_run.model.record
    assert record["command"] == (
        "inkgrad train --classes cat,dog,zebra --data doodles --seed 42 --epochs 3 --batch-size 16"
    )
    assert record["engine"] == make_engine("auto", doodle_run.model.network).name
    assert record["data"]["source"] == "the folder doodles"
    assert record["data"]["counts"] == {"cat": 40, "dog": 40, "zebra": 40}
    assert record["drawings"] == {"train": 90, "validation": 6, "test": 24}
    assert record["test"] == {key: doodle_run.figures()[key] for key in record["test"]}
    assert record["test"]["n"] == 24
    assert record["inkgrad"] == inkgrad.__version__


def test_the_examples_are_of_different_classes(doodle_run):
    assert [example.drawn for example in doodle_run.examples()] == ["cat", "dog", "zebra"]


def test_it_learns(doodle_run):
    assert doodle_run.evaluation.top1 > 0.5


# --- the same again -----------------------------------------------------------------------------


def test_the_same_command_gives_the_same_bytes_wherever_it_runs(doodle_folder, surroundings):
    moved = shutil.copytree(doodle_folder, surroundings / "elsewhere" / "doodles")
    first = quick(data=doodle_folder, out="one", balance=True).folder
    second = quick(data=moved, out=surroundings / "two" / "deep", balance=True).folder
    assert model_bytes(first) == model_bytes(second)
    assert model_bytes(quick(data=doodle_folder, out="three", balance=True, seed=1).folder) != (
        model_bytes(first)
    )


def test_nothing_that_is_passed_on_names_the_machine(doodle_folder, surroundings):
    folder = quick(data=doodle_folder, out="run").folder
    for name in ("model.safetensors", "report.html"):
        content = (folder / name).read_bytes()
        for path in (doodle_folder, surroundings, Path.home(), Path(inkgrad.__file__).parent):
            if len(path.parts) > 2:
                assert str(path).encode() not in content


def test_the_place_may_come_from_the_environment(doodle_folder, monkeypatch):
    by_name = quick(data=doodle_folder, out="one").folder
    monkeypatch.setenv("INKGRAD_DATA", str(doodle_folder))
    by_environment = quick(out="two")
    assert by_environment.settings.data == str(doodle_folder)
    assert model_bytes(by_name) == model_bytes(by_environment.folder)


def test_drawings_may_be_given_as_they_are(doodle_folder):
    loaded = load_drawings(["cat", "dog"], data=doodle_folder)
    given = train(loaded=loaded, network=SMALL, epochs=1, out="run")
    assert given.settings.data is None
    assert given.model.record["data"]["source"] == "the folder doodles"
    assert given.model.classes == ("cat", "dog")


def test_the_folder_is_named_after_the_task(doodle_folder):
    trained = train(task="pets", data=doodle_folder, network=SMALL, epochs=1)
    assert trained.folder == Path("runs/pets")
    assert trained.model.record["command"].startswith("inkgrad train --task pets --data doodles")


def test_a_folder_of_ones_own_drawings_needs_no_classes(surroundings):
    rng = np.random.default_rng(0)
    for name, shape in (("line", (2, 20)), ("dot", (9, 9))):
        (surroundings / "mine" / name).mkdir(parents=True)
        for number in range(8):
            bitmap = np.zeros((28, 28), np.uint8)
            top, left = rng.integers(0, 8, 2)
            bitmap[top : top + shape[0], left : left + shape[1]] = 255
            Image.fromarray(bitmap).save(surroundings / "mine" / name / f"{number}.png")
    trained = train(data="mine", network=SMALL, epochs=1)
    assert trained.model.classes == ("dot", "line")
    assert trained.folder == Path("runs/dot-line")
    assert trained.model.record["data"]["source"] == "the folder of drawings mine"


def test_a_file_that_the_page_has_saved(surroundings):
    """Several classes in one file, of one's own too; learnt, judged, looked at, recognised."""
    rng = np.random.default_rng(0)
    with Path("drawings.ndjson").open("w") as file:
        for n in range(36):
            word = ("my logo", "line", "cat")[n % 3]
            doodle = draw({"my logo": "zebra", "line": "dog"}.get(word, word), rng)
            strokes = [(3.3 * np.asarray(stroke) + 77.7).tolist() for stroke in doodle]
            file.write(json.dumps({"word": word, "drawing": strokes, "recognized": True}) + "\n")
    trained = train(data="drawings.ndjson", network=seed_network(3), epochs=2, batch_size=8)
    assert trained.model.classes == ("cat", "line", "my logo")
    assert trained.folder == Path("runs/cat-line-my-logo")
    assert trained.model.record["data"]["source"] == "the file of drawings drawings.ndjson"
    assert trained.model.record["command"].startswith(
        "inkgrad train --classes 'cat,line,my logo' --data drawings.ndjson"
    )
    found = evaluate(trained.model, "drawings.ndjson")
    assert (found.part, found.evaluation.n) == ("test", len(trained.parts.test))
    two = train("line,my logo", data="drawings.ndjson", network=SMALL, epochs=1)
    assert two.model.classes == ("line", "my logo")
    assert len(predict(trained.model, ["drawings.ndjson"])) == 36
    assert preview(["drawings.ndjson"], "sheet.png", n=6).facts.startswith("6 of 36 drawings")
    assert evaluate(two.model, "drawings.ndjson", part="all").missing == ()


# --- interrupted, resumed -----------------------------------------------------------------------


@pytest.mark.parametrize("after", [1, 4, 5, 9])  # 4 steps an epoch: within, and right at its end
def test_an_interrupted_run_resumes_to_the_same_bytes(doodle_folder, after):
    whole = quick(data=doodle_folder, out="whole", epochs=3)
    assert [len(part) for part in whole.parts] == [60, 4, 16]
    stopped = quick(data=doodle_folder, out="run", epochs=3, on_event=CtrlC(after))
    assert stopped.stopped == "interrupted"
    assert (stopped.model, stopped.evaluation, stopped.examples()) == (None, None, [])
    assert not (stopped.folder / "model.safetensors").exists()
    assert not (stopped.folder / "report.html").exists()
    with pytest.raises(InkgradError, match="nothing to judge yet"):
        stopped.figures()
    epochs = []
    resumed = train(
        out="run",
        resume=True,
        network=SMALL,
        on_event=lambda e: epochs.append(e.epoch) if isinstance(e, EpochDone) else None,
    )
    assert epochs == list(range(1 + (after - 1) // 4, 4))
    assert model_bytes(resumed.folder) == model_bytes(whole.folder)


def test_an_interrupted_run_is_not_overwritten_by_mistake(doodle_folder):
    stopped = quick(data=doodle_folder, out="run", on_event=CtrlC(1))
    before = contents(stopped.folder)
    with pytest.raises(InkgradError, match="holds an interrupted run"):
        quick(data=doodle_folder, out="run")
    assert contents(stopped.folder) == before
    assert quick(data=doodle_folder, out="run", restart=True).stopped == "finished"


def test_a_finished_run_can_be_trained_over_and_keeps_its_model_until_then(doodle_folder):
    first = model_bytes(quick(data=doodle_folder, out="run").folder)
    quick(data=doodle_folder, out="run", seed=2, on_event=CtrlC(3))
    assert model_bytes("run") == first
    with pytest.raises(InkgradError, match="holds an interrupted run"):
        quick(data=doodle_folder, out="run")
    train(out="run", resume=True, network=SMALL)
    assert model_bytes("run") != first
    assert quick(data=doodle_folder, out="run").stopped == "finished"
    assert model_bytes("run") == first


def test_a_run_is_resumed_from_any_folder(doodle_folder, surroundings, monkeypatch):
    shutil.copytree(doodle_folder, "data")
    stopped = quick(data="data", out="run", on_event=CtrlC(2))
    (surroundings / "sub").mkdir()
    monkeypatch.chdir(surroundings / "sub")
    resumed = train(out=Path("..") / stopped.folder, resume=True, network=SMALL)
    assert resumed.stopped == "finished"


def test_other_drawings_are_refused_on_resuming(doodle_folder, surroundings):
    quick(data=doodle_folder, out="run", on_event=CtrlC(2))
    other = write_bucket(surroundings / "other", ("cat", "dog"), 40, seed=9)
    with pytest.raises(ModelError, match="training data of 60 examples, fingerprint"):
        train(out="run", data=other, resume=True, network=SMALL)


def test_another_network_is_refused_on_resuming(doodle_folder):
    quick(data=doodle_folder, out="run", on_event=CtrlC(2))
    with pytest.raises(InkgradError, match="trains another network; leave the network out"):
        train(out="run", resume=True, network="seed")
    assert train(out="run", resume=True).model.network == SMALL  # it knows its own


def test_a_finished_run_stays_as_it_is_when_resumed(doodle_folder):
    quick(data=doodle_folder, out="run")
    before = contents("run")
    events = []
    again = train(out="run", resume=True, network=SMALL, on_event=events.append)
    assert contents("run") == before
    assert again.stopped == "finished already"
    assert again.model.classes == ("cat", "dog")
    assert (again.parts, again.evaluation, again.examples()) == (None, None, [])
    with pytest.raises(InkgradError, match="finished already: evaluate its model"):
        again.figures()
    (notice,) = events
    assert notice.message == (
        "the run in run is finished already, with the model run/model.safetensors; to train on, "
        "begin a new run with --restart or another --out"
    )


@pytest.mark.parametrize("name", ["model.safetensors", "report.html"])
def test_a_finished_run_that_lost_a_file_writes_it_again(doodle_folder, name):
    quick(data=doodle_folder, out="run")
    whole = contents("run")
    (Path("run") / name).unlink()
    assert train(out="run", resume=True, network=SMALL).stopped == "finished"
    assert contents("run").keys() == whole.keys()
    assert contents("run")[name] == whole[name]


def test_more_epochs_where_the_schedule_allows(doodle_folder):
    whole = quick(data=doodle_folder, out="whole", epochs=3, schedule="constant")
    quick(data=doodle_folder, out="run", epochs=2, schedule="constant")
    more = train(out="run", resume=True, network=SMALL, epochs=3)
    assert model_bytes(more.folder) == model_bytes(whole.folder)


# --- choices ------------------------------------------------------------------------------------


def test_patience_ends_a_run_early(doodle_folder):
    stopped = quick(data=doodle_folder, out="run", epochs=60, learning_rate=0.5, patience=2)
    assert stopped.stopped == "patience"
    assert stopped.model is not None
    lines = read_metrics(stopped.folder / "metrics.jsonl")
    assert sum(line["event"] == "epoch" for line in lines) < 60


def test_balance_shows_rare_classes_more_often(doodle_folder):
    loaded = load_drawings(["cat", "dog"], data=doodle_folder)
    few = loaded.drawings.subset(np.r_[0:40, 40:50])
    counted = []
    for balance in (False, True):
        steps = []
        train(
            loaded=Loaded(few, "made up"),
            network=SMALL,
            epochs=1,
            batch_size=1,
            balance=balance,
            out=f"run {balance}",
            on_event=steps.append,
        )
        counted.append(sum(isinstance(step, StepDone) for step in steps))
    assert counted[1] > counted[0]


def test_so_many_of_each_class_are_shown(doodle_folder):
    seen = []
    quick(data=doodle_folder, out="run", per_class=20, augment=2, on_event=seen.append)
    steps = sum(isinstance(event, StepDone) for event in seen)
    assert steps == 2 * -(-2 * 2 * 20 // 16)  # epochs · ⌈classes · variants · drawings / batch⌉


def test_variants_make_an_epoch_longer_and_are_balanced_too(doodle_folder):
    loaded = load_drawings(["cat", "dog"], data=doodle_folder)
    few = Loaded(loaded.drawings.subset(np.r_[0:40, 40:50]), "made up")
    counted = {}
    for augment in (0, 1, 3):
        steps = []
        train(
            loaded=few,
            network=SMALL,
            epochs=1,
            batch_size=1,
            balance=True,
            augment=augment,
            out=f"run {augment}",
            on_event=steps.append,
        )
        counted[augment] = sum(isinstance(step, StepDone) for step in steps)
    assert counted[3] == 3 * counted[1] == 3 * counted[0]


def test_a_run_with_variants_repeats_to_the_byte_and_goes_on_after_an_interruption(doodle_folder):
    whole = quick(data=doodle_folder, out="whole", augment=2)
    assert "--augment 2" in whole.model.record["command"]
    stopped = quick(data=doodle_folder, out="run", augment=2, on_event=CtrlC(after=6))
    assert stopped.stopped == "interrupted"
    train(out="run", resume=True, network=SMALL)
    assert model_bytes("run") == model_bytes("whole")
    assert model_bytes(quick(data=doodle_folder, out="plain").folder) != model_bytes("whole")


def test_the_limit_is_kept(doodle_folder):
    trained = quick(data=doodle_folder, limit=10, out="run")
    assert trained.model.record["data"]["counts"] == {"cat": 10, "dog": 10}
    assert "--limit 10" in trained.model.record["command"]


def test_progress_is_told(doodle_folder):
    told, loaded = [], []
    trained = quick(
        data=doodle_folder,
        out="run",
        on_progress=lambda *event: told.append(event),
        on_loaded=lambda *event: loaded.append(event),
    )
    assert told[-1] == ("judge", "", 16, 16)
    ((source, parts),) = loaded
    assert source.source == f"the folder {doodle_folder}"
    assert parts is trained.parts


# --- engines ------------------------------------------------------------------------------------


def test_compiling_is_told_before_training(doodle_folder, monkeypatch, tmp_path):
    pretend("there", monkeypatch, tmp_path)
    told = []
    trained = quick(
        data=doodle_folder,
        out="run",
        on_progress=lambda *event: told.append(event),
        on_loaded=lambda *event: told.append("loaded"),
        on_event=told.append,
    )
    compiling = [("compile", "", done, KERNELS) for done in range(KERNELS + 1)]
    start = told.index("loaded") + 1
    assert told[start : start + len(compiling)] == compiling
    assert isinstance(told[start + len(compiling)], StepDone)
    assert trained.model.record["engine"] == trained.model.engine.name == "cpu"


@pytest.mark.parametrize("how", ["absent", "broken"])
def test_without_numba_one_line_says_what_would_be_faster(
    doodle_folder, monkeypatch, tmp_path, how
):
    pretend(how, monkeypatch, tmp_path)
    events = []
    trained = quick(data=doodle_folder, out="run", on_event=events.append)
    assert [event for event in events if isinstance(event, Notice)] == events[:1]
    assert events[0].message == advice()
    assert advice().startswith("the reference engine computes, as Numba ")
    assert trained.model.record["engine"] == "reference"
    events.clear()
    quick(data=doodle_folder, out="run", on_event=events.append, engine="reference")
    assert not [event for event in events if isinstance(event, Notice)]  # it was asked for


# --- refused, before anything is written --------------------------------------------------------


def no_loading(*args, **options):
    raise AssertionError("nothing should be loaded")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": "cat"}, "1 class is too few"),
        ({"classes": "cat,dgo"}, "did you mean"),
        ({"classes": None}, "no classes are named"),
        ({"task": "pets"}, "both classes and the task"),
        ({"classes": None, "task": "nonsense"}, "there is no task 'nonsense'"),
        ({"engine": "steam"}, "engine is 'steam'"),
        ({"optimizer": "magic"}, "optimizer is 'magic'"),
        ({"epochs": 0}, "epochs is 0"),
        ({"colour": "red"}, "no setting 'colour'"),
        ({"network": Network([Flatten(), Dense(3)])}, "but there are 2 classes"),
        ({"network": Network([Flatten(), Dense(2)], (1, 9, 8))}, "the rasteriser makes"),
        ({"raster": Raster(56)}, r"the rasteriser makes \(1, 56, 56\)"),
        ({"data": "ftp://x"}, "an address of an unknown kind"),
        ({"data": "nowhere"}, "does not exist"),
    ],
)
def test_mistakes_are_told_before_anything_is_loaded(
    doodle_folder, surroundings, monkeypatch, options, message
):
    module = sys.modules["inkgrad.workflows.train"]  # its name in the package is the function
    monkeypatch.setattr(module, "load_drawings", no_loading)
    asked = {"classes": PETS, "data": doodle_folder, "out": "run", **options}
    with pytest.raises(InkgradError, match=message):
        train(**asked)
    assert list(surroundings.iterdir()) == []


def test_an_engine_that_needs_what_is_missing_is_refused(doodle_folder, monkeypatch, tmp_path):
    pretend("absent", monkeypatch, tmp_path)
    with pytest.raises(InkgradError, match="the engine cpu needs Numba, but Numba is not install"):
        quick(data=doodle_folder, out="run", engine="cpu")
    pretend("broken", monkeypatch, tmp_path)
    with pytest.raises(InkgradError, match=r"needs Numba, but Numba cannot be imported \(Import"):
        quick(data=doodle_folder, out="run", engine="cpu")
    assert not Path("run").exists()


def test_too_few_drawings_are_refused(surroundings):
    bitmaps = np.random.default_rng(0).integers(0, 256, (41, 28, 28), np.uint8)
    drawings = Drawings(bitmaps, np.array([0] * 40 + [1]), ("cat", "dog"))
    with pytest.raises(InkgradError, match="made up has too few drawings of dog: none are left to"):
        train(loaded=Loaded(drawings, "made up"), out="run")
    names = tuple(f"class {n}" for n in range(8))
    drawings = Drawings(bitmaps, np.array([0] * 34 + [*range(1, 8)]), names)
    with pytest.raises(InkgradError, match="class 5 and 2 more classes"):
        train(loaded=Loaded(drawings, "made up"), out="run")
    assert list(surroundings.iterdir()) == []


def test_two_drawings_of_each_class_are_enough(surroundings):
    """One learns and one judges; nothing is left to validate with, unless patience needs it."""
    bitmaps = np.random.default_rng(0).integers(0, 256, (4, 28, 28), np.uint8)
    loaded = Loaded(Drawings(bitmaps, np.array([0, 0, 1, 1]), ("cat", "dog")), "made up")
    with pytest.raises(
        InkgradError, match=r"^4 drawings, at most 2 of a class, leave none for the"
    ):
        quick(loaded=loaded, out="run", patience=3)
    parts = quick(loaded=loaded, out="run").parts
    assert [len(part) for part in parts] == [2, 0, 2]
    assert parts.train.counts() == parts.test.counts() == {"cat": 1, "dog": 1}


def test_drawings_of_other_classes_are_refused(doodle_folder):
    loaded = load_drawings(["cat", "dog"], data=doodle_folder)
    with pytest.raises(InkgradError, match="the drawings are of cat, dog, but cat, zebra are"):
        train("cat,zebra", loaded=loaded, data=doodle_folder, out="run")


def test_a_full_disk_is_told_and_the_run_can_go_on(doodle_folder, monkeypatch):
    whole = model_bytes(quick(data=doodle_folder, out="whole").folder)

    def full(*args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("inkgrad.model.atomic_write_bytes", full)
        with pytest.raises(InkgradError, match="cannot write to run: No space left"):
            quick(data=doodle_folder, out="run")
    assert not Path("run/model.safetensors").exists()
    train(out="run", resume=True, network=SMALL)
    assert model_bytes("run") == whole
