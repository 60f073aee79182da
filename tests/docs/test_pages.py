"""The pages: examples run, links lead somewhere, and what they name exists."""

from __future__ import annotations

import doctest
import importlib.util
import json
import math
import re
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from inkgrad.drawing import to_bitmap
from inkgrad.errors import DataError
from inkgrad.insight import evaluation, metrics
from inkgrad.layers import INFERENCE, LAYERS, Dense, Flatten
from inkgrad.network import Network
from inkgrad.quickdraw import data_locations, read_bitmaps, read_drawings, read_records
from inkgrad.quickdraw.formats import reading
from inkgrad.terminal import tables
from tests.layers import test_every_layer as battery
from tests.layers.strategies import ARRANGEMENTS, Case

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md"), *ROOT.glob("docs/ladder/*.md")])
CHAPTERS = sorted((ROOT / "docs" / "walkthrough").glob("[0-9]_*.py"))
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS

every_page = pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@every_page
def test_examples_run(page: Path):
    names: dict[str, object] = {}
    for number, block in enumerate(blocks(page.read_text("utf-8"), "python"), start=1):
        if ">>>" in block and not block.startswith('"""'):
            test = doctest.DocTestParser().get_doctest(
                block, names, f"{page.name}, block {number}", str(page), 0
            )
            runner = doctest.DocTestRunner(optionflags=FLAGS)
            runner.run(test, clear_globs=False)
            assert runner.summarize(verbose=False).failed == 0
            names = test.globs


@pytest.mark.parametrize("page", [*PAGES, *CHAPTERS], ids=lambda page: page.name)
def test_links_within_the_project_lead_somewhere(page: Path):
    targets = re.findall(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    missing = [
        target for target in targets if "://" not in target and not (page.parent / target).exists()
    ]
    assert missing == []


def test_contributing_names_files_that_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    named = re.findall(r"`((?:src|tests|docs)/[\w./]+)`", text)
    assert len(named) > 15
    to_be_made = {
        "src/inkgrad/layers/tanh.py",
        "tests/layers/test_tanh.py",
        "src/inkgrad/quickdraw/formats/pairs.py",
        "src/inkgrad/optimizers/lion.py",
        "docs/_build/html",
    }
    assert [name for name in named if name not in to_be_made and not (ROOT / name).exists()] == []


def test_contributing_names_every_target_of_make():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE)
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    described = re.findall(r"^make ([a-z-]+)  ", text, re.MULTILINE)
    assert set(described) == set(targets) - {"help"}


def test_every_layer_stands_in_the_book():
    text = (ROOT / "docs" / "layers.md").read_text("utf-8")
    documented = re.findall(r"autoclass:: inkgrad\.layers\.(\w+)", text)
    assert set(LAYERS) | {"Layer", "Mode", "SoftmaxCrossEntropy"} == set(documented)


def test_every_room_stands_on_the_map():
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    drawn = (ROOT / "docs" / "static" / "rooms.svg").read_text("utf-8")
    for entry in (ROOT / "src" / "inkgrad").iterdir():
        if entry.is_dir() and (entry / "__init__.py").exists():
            assert f"`{entry.name}/`" in text
            assert f">{entry.name}</text>" in drawn


def test_every_command_stands_on_its_page():
    from typer.main import get_command

    from inkgrad.cli import app

    text = (ROOT / "docs" / "command-line.md").read_text("utf-8")
    assert re.findall(r"^```\{help\} (\w+)$", text, re.MULTILINE) == get_command(app).list_commands(
        None
    )


def test_the_networks_in_the_book_are_networks():
    text = (ROOT / "docs" / "command-line.md").read_text("utf-8")
    described = [json.loads(block) for block in blocks(text, "json")]
    assert len(described) >= 2
    for config in described:
        whole = {"input_shape": [32, 9, 9], "layers": [config]} if "type" in config else config
        network = Network.from_config(whole)
        assert network.size > 0
        assert Network.from_config(network.to_config()) == network


def test_the_help_on_the_page_is_what_the_program_says():
    commands = load(ROOT / "docs" / "extensions" / "commands.py")
    text = commands.help_text("train")
    assert text.startswith("Usage: inkgrad train")
    assert "--resume" in text
    assert "\x1b" not in text


def test_formulas_in_docstrings_are_typeset():
    formulas = load(ROOT / "docs" / "extensions" / "formulas.py")
    results = doctest.testmod(formulas, optionflags=FLAGS)
    assert (results.attempted, results.failed) == (1, 0)
    typeset = formulas.typeset(LAYERS["Conv2D"].__doc__)
    assert "$$" not in typeset
    assert ".. math::" in typeset
    assert re.search(r"::\n\n\s+dL/dW_\{k,r\}", typeset)


def example(name: str, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """Return the module that CONTRIBUTING.md adds and that holds a name; its examples are run."""
    (source,) = [
        block
        for block in blocks((ROOT / "CONTRIBUTING.md").read_text("utf-8"), "python")
        if f" {name}(" in block
    ]
    module = types.ModuleType("example")
    monkeypatch.setitem(sys.modules, "example", module)
    exec(compile(source, "CONTRIBUTING.md", "exec"), module.__dict__)
    results = doctest.testmod(module, optionflags=FLAGS)
    assert results.attempted >= 2
    assert results.failed == 0
    return module


@pytest.fixture
def tanh(monkeypatch: pytest.MonkeyPatch):
    """Return the layer that CONTRIBUTING.md adds, as it stands there, registered."""
    module = example("Tanh", monkeypatch)
    monkeypatch.setitem(LAYERS, "Tanh", module.Tanh)
    return module.Tanh


def test_the_layer_that_contributing_adds_passes_the_battery(tanh):
    for layer, x_shape in [(tanh(2.0), (2, 3, 2)), (tanh(), (1, 4))]:
        battery.test_every_element_of_the_jacobian(layer, x_shape, INFERENCE)
        for how in ARRANGEMENTS:
            battery.test_the_arrangement_in_memory_changes_nothing(layer, x_shape, how)
        for dtype in (np.float32, np.float64):
            battery.test_dtypes_are_kept(layer, x_shape, dtype)
            battery.test_constant_zero_and_huge_inputs_stay_finite(layer, x_shape, dtype, 1e30)
        battery.test_an_empty_batch_passes(layer, x_shape)
        battery.test_one_layer_serves_several_threads(layer, x_shape)
        battery.test_a_layer_is_rebuilt_from_its_configuration(layer, x_shape)
        battery.test_a_layer_keeps_nothing(layer, x_shape)
        x = Case.of(layer, x_shape).x
        y, _ = layer.forward(x)
        for index in np.ndindex(*y.shape):
            assert y[index] == pytest.approx(math.tanh(x[index] / layer.scale), rel=1e-12)


@pytest.mark.parametrize("engine", ["reference", "cpu"])
def test_the_layer_that_contributing_adds_works_in_a_network(tanh, engine):
    from inkgrad.engines import make_engine
    from inkgrad.insight import check_gradients

    network = Network([tanh(2.0), Flatten(), Dense(3)], input_shape=(1, 6, 6))
    assert Network.from_config(network.to_config()) == network
    assert "tanh1" in network.summary()
    assert all(check.passed for check in check_gradients(network))
    parameters = network.initialise(0)
    x = np.random.default_rng(0).random((4, 1, 6, 6), np.float32)
    expected = np.tanh(x / 2).reshape(4, 36) @ parameters["dense1.weight"]
    found = make_engine(engine, network).forward(parameters, x)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_the_optimiser_that_contributing_adds_learns_like_others(monkeypatch):
    lion = example("Lion", monkeypatch).Lion(beta1=0.5, beta2=0.75, weight_decay=0.1)
    parameters = np.array([3.0, -2.0, 0.5])
    state = lion.start(parameters)
    theta, m = parameters.copy(), np.zeros(3)
    for _ in range(200):
        gradient = theta - [1.0, 2.0, -1.0] + 0.1 * theta
        theta = theta - 0.05 * np.sign(0.5 * m + 0.5 * gradient)
        m = 0.75 * m + 0.25 * gradient
        lion.update(parameters, parameters - [1.0, 2.0, -1.0], state, learning_rate=0.05)
    np.testing.assert_allclose(parameters, theta, rtol=1e-12)
    np.testing.assert_allclose(parameters, np.array([1.0, 2.0, -1.0]) / 1.1, atol=0.15)
    assert state.steps == 200


def test_the_metric_that_contributing_adds_is_shown_everywhere(monkeypatch):
    monkeypatch.setattr(metrics, "METRICS", dict(metrics.METRICS))
    monkeypatch.setattr(evaluation, "METRICS", metrics.METRICS)
    example("brier", monkeypatch)
    rng = np.random.default_rng(0)
    p, labels = rng.dirichlet(np.ones(4), 50), rng.integers(0, 4, 50)
    found = evaluation.evaluate(p, labels, ["cat", "dog", "fish", "owl"]).to_dict()
    expected = sum(
        (p[b, k] - (k == labels[b])) ** 2 for b in range(50) for k in range(4)
    )  # fmt: skip
    assert found["brier"] == pytest.approx(expected / 50)
    shown = tables.figures(found, metrics.METRICS)
    assert [str(column._cells[0]) for column in shown.columns][-2:] == ["Brier", "drawings"]
    assert [str(column._cells[1]) for column in shown.columns][-2] == f"{expected / 50:.3f}"


PAIRS = b"0,0 255,9 | 7,80 9,99\n\n0,5 5,0\n"


@pytest.fixture
def pairs(monkeypatch: pytest.MonkeyPatch, tmp_path):
    """Return a folder with files of the format that CONTRIBUTING.md adds, which is registered."""
    monkeypatch.setitem(reading._READERS, ".xy", example("read_pairs", monkeypatch).read_pairs)
    monkeypatch.setattr(data_locations, "SUFFIXES", (*reading.SUFFIXES, ".xy"))
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "two.xy").write_bytes(PAIRS)
    return tmp_path


def test_the_format_that_contributing_adds_is_read_like_others(pairs):
    bitmaps = read_bitmaps(pairs / "cat" / "two.xy")
    drawings = [[[[0, 255], [0, 9]], [[7, 9], [80, 99]]], [[[0, 5], [5, 0]]]]
    np.testing.assert_array_equal(bitmaps, [to_bitmap(drawing) for drawing in drawings])
    assert [r.strokes[0].tolist() for r in read_records(pairs / "dog" / "two.xy", limit=1)] == [
        [[0.0, 255.0], [0.0, 9.0]]
    ]


def test_a_folder_of_such_files_is_drawings_by_class(pairs):
    found = read_drawings(pairs)
    assert found.classes == ("cat", "dog")
    assert found.labels.tolist() == [0, 0, 1, 1]


def test_only_data_errors_come_out_of_it_when_it_is_damaged(pairs):
    rng = np.random.default_rng(0)
    messages = []
    for _ in range(300):
        damaged = bytearray(PAIRS)
        for at in rng.integers(len(PAIRS), size=2):
            damaged[at] = rng.choice(list(b"0-9.,|\n\r e\xff\0"))
        (pairs / "cat" / "two.xy").write_bytes(damaged)
        try:
            list(read_records(pairs / "cat" / "two.xy"))
        except DataError as error:
            messages.append(str(error))
    assert len(messages) > 50
    assert all("two.xy: line " in message for message in messages)


def load(path: Path):
    """Import a file that is in no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
