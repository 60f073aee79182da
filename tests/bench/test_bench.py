"""The benchmarks measure what they say, in turn."""

from __future__ import annotations

import doctest
import json
import shutil
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from bench.pairs import seconds_by_turns
from bench.plots import Bar, Panel, save_plot
from bench.pool import pool
from bench.rivals import installed
from bench.rounding import BYTES
from bench.tables import Column, make_table
from bench.throughput import throughput_rows
from bench.trainers import PASSES, course
from typer.testing import CliRunner

from bench import __main__ as command
from bench import (
    contention,
    curve,
    data,
    environment,
    inference,
    job,
    likeness,
    machine,
    networks,
    pairs,
    pictures,
    plots,
    server,
    suspicious,
    throughput,
    trainers,
    training,
    worker,
)
from inkgrad.engines import ReferenceEngine
from inkgrad.layers import BatchNorm, Dense, Dropout, Flatten, Parallel, ReLU
from inkgrad.network import Network, Parameters, Statistics, seed_network
from inkgrad.quickdraw import CATEGORIES, load_drawings
from inkgrad.quickdraw.doodles import draw
from inkgrad.quickdraw.stored import open_stored
from inkgrad.workflows import Settings, train
from inkgrad.workflows.suspicious import drawing_id
from tests.bench.conftest import stand_in
from tests.buckets import write_bucket
from tests.web.javascript import missing

OURS = ["inkgrad reference"]
RECOGNISING = [*OURS, "inkgrad reference int8"]
NORMALISED = Network(
    [
        *(Flatten(), Dense(9), BatchNorm(4), ReLU()),
        *(Dropout(0.3), Parallel([[Dense(9)], []]), Dense(5)),
    ]
)


@pytest.mark.parametrize("module", [pairs, throughput, trainers, machine, likeness, server])
def test_examples_hold(module):
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


def test_contestants_run_in_turn_and_every_second_round_backwards():
    calls = []
    contestants = {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}
    seconds = seconds_by_turns(contestants, rounds=3, seconds_a_turn=0.0)
    assert [len(times) for times in seconds.values()] == [3, 3]
    assert all(time > 0 for times in seconds.values() for time in times)
    assert calls[:4] == ["a", "a", "b", "b"]  # warmed up, and timed once
    assert calls[4:] == ["a", "b", "b", "a", "a", "b"]


def test_a_slow_contestant_is_called_less_often_in_a_turn():
    calls = {"slow": 0, "quick": 0}

    def count(name: str, work: int) -> None:
        calls[name] += 1
        sum(range(work))

    contestants = {
        "slow": lambda: count("slow", 200_000),
        "quick": lambda: count("quick", 2_000),
    }
    seconds_by_turns(contestants, rounds=1, seconds_a_turn=0.05)
    assert calls["slow"] < calls["quick"]


def test_ratios_pair_the_rounds_with_the_rival_that_is_best_by_its_median():
    seconds = {
        "inkgrad a": [1.0, 2.0, 4.0],
        "PyTorch b": [9.0, 2.0, 8.0],
        "PyTorch c": [3.0, 3.0, 3.0],
        "JAX": [1.0, 1.0, 1.0],
    }
    compared = {"to_torch": "PyTorch", "to_nobody": "ONNX Runtime"}
    rows = throughput_rows(seconds, batch=6, threads=2, compared_with=compared, more="yes")
    assert rows[0]["to_torch"] == 1.5  # to c: 3, 1.5, 0.75
    assert [row["drawings_per_s"] for row in rows] == [3, 0.75, 2, 6]
    assert (rows[0]["slowest"], rows[0]["fastest"], rows[0]["more"]) == (1.5, 6, "yes")
    assert "to_nobody" not in rows[0]
    assert "to_torch" not in rows[3]


def test_rows_have_the_names_that_others_rely_on(bench, monkeypatch):
    monkeypatch.setattr(training, "RIVALS", (stand_in,))
    rows = bench("training", "--batch", "2", "--rounds", "1", "--seconds", "0.01")
    assert [row["name"] for row in rows] == [*OURS, "PyTorch stand-in"]
    assert all(row["batch"] == 2 and row["threads"] == 2 for row in rows)
    assert all(row["slowest"] == row["drawings_per_s"] == row["fastest"] > 0 for row in rows)
    times = [2 / row["drawings_per_s"] for row in rows]
    assert rows[0]["ratio_to_best_torch"] == pytest.approx(times[-1] / times[0])
    assert "ratio_to_best_torch" not in rows[-1]


def test_answers_of_the_page_are_timed_both_ways(bench, monkeypatch):
    """In node; tests that run Chromium cannot start another one."""
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "chromium" else which(name))
    if which("node") is None:
        missing("node is not installed")
    rows = bench("answers", "--turns", "1")
    named = [(row["where"], row["network"], row["way"]) for row in rows]
    ways = ("JavaScript", "WebAssembly")
    assert named == [("node", name, way) for name in ("seed", "sketch") for way in ways]
    assert all(row["least"] == row["ms"] == row["most"] > 0 for row in rows)
    plain, fast = ([row["ms"] for row in rows if row["way"] == way] for way in ways)
    assert all(ours < theirs for ours, theirs in zip(fast, plain, strict=True))


def test_who_computes_something_else_is_not_timed(monkeypatch):
    def liar(first, *_):
        (trainer,) = stand_in(first).values()
        step = trainer.step
        trainer.step = lambda batch: (step(batch), step(batch))
        return {"PyTorch liar": trainer}

    monkeypatch.setattr(training, "RIVALS", (liar,))
    with pytest.raises(ValueError, match="PyTorch liar does not compute the same: after 3 steps"):
        training.bench_training([4], threads=1, rounds=1, seconds_a_turn=0.0)


def test_everyone_begins_anew_after_some_passes():
    done = []

    class Trainer:
        def take(self, x, labels):
            return int(labels[0])

        def restart(self):
            done.append("restart")

        def step(self, batch):
            done.append(batch)

    batches = [(np.zeros(1), np.array([number])) for number in range(3)]
    step = course(Trainer(), batches)
    for _ in range(3 * PASSES + 1):
        step()
    assert done == ["restart", *[0, 1, 2] * PASSES, "restart", 0]


def test_recognising_is_measured_for_one_drawing_and_for_many(bench, monkeypatch):
    def other(parameters, threads, x):
        engine = ReferenceEngine(parameters.network)
        names = ("ONNX Runtime", "PyTorch stand-in")
        return {name: lambda x: engine.predict(parameters, x) for name in names}

    monkeypatch.setattr(inference, "RIVALS", (other,))
    words = ("--batch", "1", "--batch", "8", "--rounds", "1", "--seconds", "0.01")
    rows = bench("inference", *words)
    assert [row["name"] for row in rows] == 2 * [*RECOGNISING, "ONNX Runtime", "PyTorch stand-in"]
    settings = [(row["batch"], row["threads"]) for row in rows]
    assert settings == len(rows) // 2 * [(1, 1)] + len(rows) // 2 * [(8, 2)]
    for row in rows:
        assert row["microseconds"] == pytest.approx(1e6 * row["batch"] / row["drawings_per_s"])
    assert {"ratio_to_best_torch", "ratio_to_onnxruntime"} <= set(rows[0])


def test_other_networks_recognise_folded(bench, monkeypatch):
    def other(parameters, threads, x):
        kinds = {type(layer) for layer in parameters.network.layers}
        assert not kinds & {BatchNorm, Dropout}
        engine = ReferenceEngine(parameters.network)
        return {"ONNX Runtime": lambda x: engine.predict(parameters, x)}

    monkeypatch.setattr(inference, "RIVALS", (other,))
    words = ("--network", "normalised", "--batch", "2", "--rounds", "1", "--seconds", "0.01")
    monkeypatch.setitem(networks.NETWORKS, "normalised", NORMALISED)
    rows = bench("inference", *words)
    assert [row["name"] for row in rows] == [*RECOGNISING, "ONNX Runtime"]
    assert {row["network"] for row in rows} == {"normalised"}


def test_who_recognises_something_else_is_not_timed(monkeypatch):
    wrong = {"OpenVINO": lambda x: np.full((len(x), 5), 0.2)}
    monkeypatch.setattr(inference, "RIVALS", (lambda parameters, threads, x: wrong,))
    with pytest.raises(ValueError, match="OpenVINO does not say the same"):
        inference.bench_inference([(1, 1)], rounds=1, seconds_a_turn=0.0)


@pytest.mark.parametrize(("name", "passes"), [("OpenVINO", False), ("OpenVINO bfloat16", True)])
def test_who_computes_in_less_may_be_further_off(name, passes):
    network = Network([Flatten(), Dense(2)], (1, 2, 2))
    parameters, x = network.initialise(), np.zeros((1, 1, 2, 2), np.float32)
    off = {name: lambda x: np.array([[0.55, 0.45]])}
    if passes:
        inference.check_predictors(off, parameters, [x])
    else:
        with pytest.raises(ValueError, match="does not say the same"):
            inference.check_predictors(off, parameters, [x])


def test_other_networks_are_measured_by_name(bench, monkeypatch):
    monkeypatch.setattr(networks, "RIVALS", stand_in)
    words = ("--network", "dense only", "--network", "stride", "--batch", "2", "--rounds", "1")
    rows = bench("networks", *words, "--seconds", "0.01")
    assert [row["network"] for row in rows[::2]] == [
        "stride 2, no pools",
        "dense only: 784-512-256-10",
    ]
    assert all(row["ratio_to_best_torch"] > 0 for row in rows[::2])
    assert [row["name"] for row in rows[1::2]] == ["PyTorch stand-in"] * 2


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("networks", "give a part of one of these names: tiny; sketch; sketch-wide; residual; "),
        ("inference", "choose one of seed; tiny; sketch; sketch-wide; residual; "),
    ],
)
def test_a_network_that_does_not_exist_is_refused(name, remedy):
    result = CliRunner().invoke(command.app, [name, "--network", "nobody"])
    assert result.exit_code == 2
    assert result.output.startswith(f"error: --network is nobody; {remedy}")
    assert result.output.count("\n") == 1


def test_where_libraries_have_a_choice_rivals_are_compared_without_it(bench, monkeypatch):
    asked = []

    def rival(first, threads, batch):
        asked.append((first.network, first.vector.dtype.name, batch is not None))
        return stand_in(first)

    monkeypatch.setattr(networks, "RIVALS", rival)
    monkeypatch.setitem(networks.NETWORKS, "normalised", NORMALISED)
    words = ("--network", "normalised", "--batch", "8", "--rounds", "1", "--seconds", "0.01")
    ours, theirs = bench("networks", *words, "--compiled")
    assert ours["ratio_to_best_torch"] > 0
    assert theirs["network"] == "normalised"
    timed, compared = asked
    assert timed == (NORMALISED, "float32", True)
    assert compared[1:] == ("float64", False)
    assert compared[0].layers[2] == BatchNorm(8)
    assert compared[0].layers[4] == Dropout(0.0)
    assert compared[0].layers[5] == NORMALISED.layers[5]


@pytest.mark.parametrize("lie", ["learns nothing", "learns in float64 only", "norm of shards"])
def test_a_liar_is_found_out_there_too(monkeypatch, lie):
    def rival(first, threads, batch):
        exact = first.vector.dtype == np.float64
        if lie == "norm of shards" and exact:
            first = Parameters(
                NORMALISED, first.vector, Statistics(NORMALISED, first.statistics.vector)
            )
        (trainer,) = stand_in(first).values()
        if lie == "learns nothing" or (lie == "learns in float64 only" and not exact):
            trainer.step = lambda batch: None
        return {"PyTorch liar": trainer}

    monkeypatch.setattr(networks, "RIVALS", rival)
    monkeypatch.setitem(networks.NETWORKS, "normalised", NORMALISED)
    with pytest.raises(ValueError, match="PyTorch liar does not compute the same: after 3 steps"):
        networks.bench_networks(["normalised"], batch=8, threads=1, rounds=1, seconds_a_turn=0.0)


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_every_network_is_given_pictures_that_fit(name):
    network = networks.NETWORKS[name]
    x, labels = networks.pictures(network, *pool(16))
    assert x.shape[1:] == network.input_shape
    assert x.dtype == np.float32
    assert labels.max() < network.output_shape[0]
    assert 0 < (x > 0).mean() < 0.5  # still mostly blank


def test_segments_are_timed_one_by_one(bench):
    rows = bench("segments", "--batch", "8", "--rounds", "1")
    assert [(row["name"], row["by"]) for row in rows] == [
        ("conv1 relu1 pool1", "kernels"),
        ("dropout1", "layers"),
        ("conv2 relu2 pool2 flatten1 dense1 relu3 dense2", "kernels"),
        ("a step of it", "cpu"),
        ("a step of the seed network", "cpu"),
        ("a step of it", "reference"),
    ]
    assert all(row["microseconds"] > 0 for row in rows)


def test_contention_compares_with_the_best_of_each_state(bench, monkeypatch):
    speeds = {"inkgrad": (100.0, 50.0), "eager": (80.0, 20.0), "last": (40.0, 25.0)}
    busy = []

    class Worker:
        def __init__(self, name, batch, threads, variables):
            self.speeds = speeds[name.split()[0] if "inkgrad" in name else name.split()[-1]]

        def drawings_per_s(self, seconds):
            return self.speeds[len(busy)]

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    class Busy:
        def __enter__(self):
            busy.append(1)

        def __exit__(self, *_):
            busy.clear()

    monkeypatch.setattr(contention, "Worker", Worker)
    monkeypatch.setattr(contention, "busy_process", Busy)
    monkeypatch.setattr(contention, "installed", lambda module, name: True)
    rows = bench("contention", "--rounds", "2")
    assert len(rows) == 4
    assert (rows[0]["idle"], rows[0]["busy"], rows[0]["kept"]) == (100, 50, 0.5)
    assert (rows[0]["idle_ratio"], rows[0]["busy_ratio"]) == (1.25, 2)
    assert [row["kept"] for row in rows[1:]] == [0.25, 0.625, 0.625]


def test_the_busy_process_ends_with_the_block():
    with contention.busy_process() as process:
        assert process.poll() is None
    assert process.poll() is not None


def test_a_worker_trains_when_it_is_told_to(monkeypatch, capsys):
    steps = []
    monkeypatch.setattr(worker, "_step", lambda *_: lambda: steps.append(1))
    monkeypatch.setattr(worker.sys, "stdin", ["0.001\n", "0.001\n"])
    worker.main("inkgrad reference", 8, 1)
    first, *answers = capsys.readouterr().out.splitlines()
    assert first == "ready"
    assert len(answers) == 2
    assert all(float(answer) > 8 for answer in answers)
    assert len(steps) > 3


def test_a_worker_that_fails_is_reported():
    with pytest.raises(
        ValueError, match=r"bench\.worker inkgrad nobody 2 1 ended without an answer"
    ):
        worker.Worker("inkgrad nobody", 2, 1)


@pytest.mark.slow
def test_the_whole_job_is_measured_on_doodles_where_there_are_no_drawings(bench, monkeypatch):
    class StandIn(job.Ours):
        def _train(self, seed, out, **options):
            super()._train(seed, f"other-{out}" if out == "first" else out, **options)

        def run(self, seed):
            """Nothing: ours has done it already."""

    monkeypatch.delenv("INKGRAD_DATA", raising=False)
    monkeypatch.setattr(job, "Torch", StandIn)
    monkeypatch.setattr(job, "installed", lambda module, name: True)
    ours, other = bench("job", "--drawings", "100", "--epochs", "1", "--rounds", "1")
    assert "built-in doodles take their place" in bench.output
    assert ours["name"] == OURS[-1]
    assert (ours["drawings"], ours["epochs"], ours["accuracy_sd"]) == (80, 1, 0)
    assert ours["seconds_by_seed"] == [ours["seconds"]]
    assert ours["accuracies"] == [ours["accuracy"]] == other["accuracies"]
    assert ours["ratio_to_torch"] == pytest.approx(other["seconds"] / ours["seconds"])
    assert ours["first_start"] > 0


def test_a_job_that_fails_is_reported(tmp_path):
    tiny = job.Job(tmp_path, ("cat", "dog"), limit=4, epochs=1, threads=1)
    with pytest.raises(ValueError, match=r"-m inkgrad train … failed: .*holds no drawings"):
        job.Ours(tiny, tmp_path).run(0)


def test_data_in_files_is_measured(bench, monkeypatch):
    monkeypatch.setattr(data, "_WARM", 2)
    monkeypatch.setattr(data, "_BATCH", 16)
    few = ("--rows", "6000", "--seconds", "0.1", "--turn", "0.1", "--cold-mb", "1")
    rows = {row["name"]: row for row in bench("data", *few)}
    assert rows["whole set, 6,000 drawings: first batch after"]["value"] > 0
    assert rows["page cache: batches of 512, one thread"]["value"] > 0
    assert rows["training from files to in memory, median of pairs"]["unit"] == "×"
    assert rows["blocks: longest run of a label"]["value"] < 10
    if sys.platform == "linux":
        assert 1 < rows["whole set: RssAnon at most, in 0.1 s"]["value"] < 1200
        assert rows["disk: batches to in sequence"]["value"] > 0


def test_sparse_files_have_all_rows_and_no_bytes(tmp_path):
    data.sparse_set(tmp_path, 345_000)
    stored = open_stored(tmp_path, CATEGORIES)
    assert len(stored) == 345_000
    counts = list(stored.counts().values())
    assert counts == sorted(counts)
    assert counts[-1] > 1.9 * counts[0]
    files = list((tmp_path / "numpy_bitmap").iterdir())
    if sys.platform == "linux":
        assert sum(512 * file.stat().st_blocks for file in files) < 345 * 65_536


def test_memory_is_told_beside_parameters_and_data(bench):
    rows = {row["name"]: row["bytes"] for row in bench("memory", "--batch", "4", "--steps", "3")}
    size = seed_network().size
    assert rows["parameters"] == 4 * size
    assert rows["Adam's two averages"] == 8 * size
    assert rows["40,000 drawings, as bytes"] == 40_000 * 784
    assert sum("workspace at batch 4" in name for name in rows) == 1
    assert sum("growth over 3 steps" in name for name in rows) == 1


@pytest.mark.slow
def test_starting_is_measured_beside_numpy(bench):
    rows = {row["name"]: row for row in bench("startup", "--rounds", "1", "--first-starts", "1")}
    for name in ("first start, one process", "first start, two processes"):
        assert 0 < rows[name]["seconds"] < 600
    kernels = [row["processor"] for name, row in rows.items() if name.startswith("compiling ")]
    assert sum(kernels) < rows["first start, one process"]["processor"]
    assert kernels[:-1] == sorted(kernels[:-1], reverse=True)
    assert rows["import numpy"]["beyond_numpy"] == 0
    assert rows["python"]["seconds"] > 0
    assert "inkgrad --help" in rows


def test_who_is_not_installed_is_left_out_in_one_line(capsys):
    assert installed("json", "JSON")
    assert capsys.readouterr().out == ""
    assert not installed("no_such_library", "Nobody")
    assert not installed("no_such_library", "Nobody")
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("without Nobody: it is not installed; pip install")


def test_a_plot_is_left_out_without_matplotlib(tmp_path, monkeypatch):
    monkeypatch.setattr(plots, "installed", lambda module, name: False)
    assert not save_plot(tmp_path / "a.png", "title", "", [Panel("", [Bar("a", 1.0, "1")])])
    assert list(tmp_path.iterdir()) == []


def test_a_cell_stays_empty_where_the_row_has_no_figure():
    columns = [Column("", "{name}"), Column("ratio", "{ratio:.1f}×")]
    table = make_table("title", columns, [{"name": "a", "ratio": 2}, {"name": "b"}])
    assert [list(column.cells) for column in table.columns] == [["a", "b"], ["2.0×", ""]]


def test_the_process_starts_again_only_if_it_must(monkeypatch):
    started = []
    monkeypatch.setattr(environment.os, "execv", lambda path, words: started.append(words))
    monkeypatch.setattr(environment.os, "environ", {})
    monkeypatch.setattr(environment.sys, "argv", ["bench", "training"])
    environment.restart_tuned(1)
    environment.restart_tuned(1)
    assert [words[1:] for words in started] == [["-m", "bench", "training"]]
    assert environment.os.environ["OMP_NUM_THREADS"] == "1"
    assert "MALLOC_TRIM_THRESHOLD_" in environment.os.environ


def test_an_instruction_set_is_set_before_the_process_starts_again(monkeypatch):
    started = []
    monkeypatch.setattr(environment.os, "execv", lambda path, words: started.append(words))
    monkeypatch.setattr(environment.os, "environ", {})
    environment.restart_tuned(1, "avx2")
    environment.restart_tuned(1, "avx2")
    assert len(started) == 1
    variables = environment.os.environ
    assert environment.MAX_ISA["avx2"].items() - variables.items() == {
        ("XLA_FLAGS", "--xla_cpu_max_isa=AVX2")
    }
    assert variables["XLA_FLAGS"].split() == [
        "--xla_cpu_multi_thread_eigen=false",
        "--xla_cpu_max_isa=AVX2",
    ]


def test_who_is_limited_to_an_instruction_set_is_said(bench, monkeypatch):
    monkeypatch.setattr(command, "has_instructions", lambda isa: True)
    monkeypatch.setattr(networks, "RIVALS", stand_in)
    words = ("--network", "dense only", "--batch", "2", "--rounds", "1", "--seconds", "0.01")
    bench("networks", *words, "--max-isa", "avx2")
    assert bench.machine["instruction set"] == "AVX2 at most"
    assert "ONNX Runtime has no setting for the instruction set" in bench.output


@pytest.mark.parametrize(
    ("isa", "sentence"),
    [
        ("avx3", "--max-isa is avx3; choose one of avx2"),
        ("avx2", "--max-isa is avx2, which this processor does not have; leave the option out"),
    ],
)
@pytest.mark.parametrize("name", ["training", "inference", "networks"])
def test_other_instruction_sets_are_refused(monkeypatch, name, isa, sentence):
    monkeypatch.setattr(command, "has_instructions", lambda isa: False)
    result = CliRunner().invoke(command.app, [name, "--max-isa", isa])
    assert (result.exit_code, result.output) == (2, f"error: {sentence}\n")


# --- the server ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_server_is_asked_as_often_as_it_should_be(bench):
    rows = bench("server", "--rate", "20", "--seconds", "0.5")
    assert [row["name"] for row in rows] == [
        "strokes, simplified",
        "strokes, as a pointer draws",
        "PNG, 400 × 400",
    ]
    for row in rows:
        assert row["requests"] == 10
        assert 0 < row["p50_ms"] <= row["p99_ms"] <= row["longest_ms"]


def test_who_waits_behind_a_slow_answer_pays_for_it():
    lock = threading.Lock()

    def ask(seconds):
        with lock:
            time.sleep(seconds)

    times = server.at_rate(ask, [(0.2,), *[(0.0,)] * 9], rate=100, seconds=0.1)
    assert len(times) == 10
    assert all(time > 0.08 for time in times)


@pytest.mark.slow
def test_a_refusal_is_no_answer(monkeypatch):
    monkeypatch.setattr(server, "_kinds", lambda: {"nonsense": [("text/plain", b"cat")]})
    with pytest.raises(ValueError, match="the server answered with 415"):
        server.bench_server(rate=10, seconds=0.1)


def test_how_well_scenes_are_read(bench, monkeypatch):
    scenes = {name: pictures.SCENES[name] for name in ("plain", "desk all round")}
    monkeypatch.setattr(pictures, "SCENES", scenes)
    monkeypatch.delenv("INKGRAD_DATA", raising=False)
    drawn, plain, desk = bench("pictures", "--model", "animals", "--drawings", "5")
    assert (drawn["name"], plain["name"], desk["name"]) == ("drawings", *scenes)
    assert (desk["truth"], desk["drawings"], desk["unread"]) == ("doodles", 5, 0)
    assert desk["to_plain"] == desk["top1"] - plain["top1"]


def test_what_rounding_costs(bench, doodle_run, doodle_folder):
    model = doodle_run.folder / "model.safetensors"
    rows = bench("rounding", "--model", str(model), "--data", str(doodle_folder))
    row, whole, in_bytes = rows
    assert (row["part"], row["drawings"]) == ("test", len(doodle_run.parts.test))
    assert row["top1"] == doodle_run.evaluation.top1
    assert abs(row["top1"] - row["top1_rounded"]) <= row["others"] / row["drawings"]
    assert 0 < row["largest"] < 0.01
    assert (row["weights"], whole["weights"], in_bytes["weights"]) == ("float16", "int8", BYTES)
    assert (row["classes"], row["seed"]) == (3, 42)
    for each in (whole, in_bytes):
        assert abs(each["top1"] - each["top1_rounded"]) <= 0.05
    assert in_bytes["largest"] != whole["largest"]


def test_training_without_suspicious_drawings(bench, monkeypatch, tmp_path):
    """On doodles: in the list is the first of each class to learn from, looked at are all cats."""
    classes = ("cat", "dog")
    monkeypatch.setattr(suspicious, "_TASK", "pets")
    folder = write_bucket(tmp_path / "few", classes, 40, seed=1)
    (folder / "tasks.json").write_text('{"pets": ["cat", "dog"]}')
    drawings = load_drawings(classes, data=folder).drawings
    parts = Settings(classes).divide(drawings)
    ids = {
        name: [drawing_id(b) for b in part.bitmaps[part.labels == 0]]
        for name, part in parts._asdict().items()
    }
    rows = [{"class_name": "cat", "drawing": one} for one in ids["train"][:6]]
    (tmp_path / "list.json").write_text(json.dumps({"suspicious": rows}))
    looked_at = tmp_path / "looked_at.json"
    looked_at.write_text(
        json.dumps({"classes": {"cat": {"right": " ".join(ids["test"]), "wrong": ""}}})
    )
    monkeypatch.setattr(suspicious, "LOOKED_AT", looked_at)
    options = ("--seeds", "2", "--epochs", "1", "--data", str(folder))
    every, third, none = bench("suspicious", str(tmp_path / "list.json"), *options)
    number = len(parts.train)
    assert [row["drawings"] for row in (every, third, none)] == [number, number - 4, number - 6]
    for row in (every, third, none):
        assert (row["tested"], row["clean"]) == (16, 8)
        assert 0 <= row["top1"] <= 1
        assert 0 <= row["top1_clean"] <= 1
    listed = json.loads(Path(suspicious.__file__).with_name("looked_at.json").read_text())
    counts = [len(" ".join(ids.values()).split()) for ids in listed["classes"].values()]
    assert counts == [200] * 5


@pytest.mark.long("four trainings, each in a process of its own")
def test_a_recipe_with_several_seeds_and_by_folds(bench, tmp_path):
    folder = str(write_bucket(tmp_path / "pets", ("cat", "dog", "zebra"), 30, seed=1))
    words = ("--data", folder, "--classes", "cat,dog", "--epochs", "1", "--engine", "reference")
    *runs, means = bench("recipe", "--seeds", "2", *words)
    assert [row["name"] for row in runs] == ["seed 42", "seed 43"]
    assert [row["n"] for row in runs] == [12, 12]
    assert means["top1"] == pytest.approx((runs[0]["top1"] + runs[1]["top1"]) / 2)
    assert means["spread_top1"] == pytest.approx(abs(runs[0]["top1"] - runs[1]["top1"]) / 2**0.5)
    assert "auroc" not in means
    *runs, means = bench("recipe", "--folds", "2", "--reject", *words)
    assert [row["name"] for row in runs] == ["fold 1/2", "fold 2/2"]
    assert means["name"] == "every drawing once"
    assert means["n"] == sum(row["n"] for row in runs) == 60
    assert means["low"] <= means["balanced"] <= means["high"]
    assert 0 <= means["auroc"] <= 1
    result = CliRunner().invoke(command.app, ["recipe", *words, "--optimizer", "magic"])
    assert result.exit_code == 2
    assert "optimizer is 'magic'" in result.output


def test_a_learning_curve(bench, tmp_path, monkeypatch):
    folder = write_bucket(tmp_path / "few", ("cat", "dog"), 40, seed=1)
    (folder / "tasks.json").write_text('{"pets": ["cat", "dog"]}')
    monkeypatch.setattr(curve, "ready_engine", lambda _, network: ReferenceEngine(network))
    rows = bench("curve", "--task", "pets", "--epochs", "1", "--seeds", "2", "--data", str(folder))
    assert [row["name"] for row in rows] == ["5%", "10%", "25%", "50%", "100%"]
    parts = Settings(("cat", "dog")).divide(load_drawings(("cat", "dog"), data=folder).drawings)
    assert rows[-1]["drawings"] == len(parts.train)
    counts = parts.train.counts().values()
    assert rows[1]["drawings"] == sum(-(-count // 10) for count in counts)
    assert all(row["tested"] == len(parts.test) for row in rows)
    assert all(0 <= row["balanced"] <= 1 for row in rows)
    few, more = (curve._share_of(parts.train, share).bitmaps for share in (0.25, 0.5))
    assert {one.tobytes() for one in few} < {one.tobytes() for one in more}


def test_classes_are_added_to_models(bench, tmp_path):
    """On doodles of which a model knows two kinds; the others go by names of unknown classes."""
    folder = write_bucket(tmp_path / "data", ("cat", "dog"), 30, seed=1)
    (folder / "simplified").mkdir(exist_ok=True)
    for number, (name, animal) in enumerate((("bee", "zebra"), ("owl", "dolphin"))):
        rng = np.random.default_rng(number)
        lines = [json.dumps({"word": name, "drawing": draw(animal, rng)}) for _ in range(14)]
        (folder / "simplified" / f"{name}.ndjson").write_text("\n".join(lines))
    (folder / "unknown.txt").write_text("bee\nowl\ncat\n")
    train("cat,dog", data=folder, out=tmp_path / "run", epochs=1, engine="reference")
    words = ("--model", str(tmp_path / "run" / "model.safetensors"), "--together", "2")
    one, two = bench("tune", *words, "--data", str(folder))
    assert (one["trials"], two["trials"]) == (2, 1)
    for row in (one, two):
        assert 0 <= row["least_recall"] <= row["recall"] <= 1
        assert -1 <= row["lost"] <= row["most_lost"] <= 1
        assert row["seconds"] > 0
