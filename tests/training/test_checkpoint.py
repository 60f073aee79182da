"""Checkpoints: what is written is read, half-written never trusted, hostile files refused."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import io
import json
import os
import pickle
import struct
from functools import partial

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inkgrad.errors import ModelError
from inkgrad.layers import Dense, Flatten
from inkgrad.network import Network
from inkgrad.storage import atomic_write
from inkgrad.training import LAST, TrainingState, checkpoint, fit, load_checkpoint, save_checkpoint

from .problems import RECIPES, TRAIN, VALIDATION, state_bits, tiny_network


def stop_after(batches: int):
    """Return a should_stop that lets so many batches pass, validation's included."""
    calls = iter(range(batches + 1))
    return lambda: next(calls) == batches


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Write a checkpoint in the middle of the second epoch."""
    folder = tmp_path_factory.mktemp("run")
    fit(
        tiny_network(),
        TRAIN,
        validation=VALIDATION,
        recipe=RECIPES["adam"],
        folder=folder,
        should_stop=stop_after(5 + 3 + 2),
    )
    return folder / LAST


@pytest.fixture
def state(path) -> TrainingState:
    return load_checkpoint(path, tiny_network())


def test_what_is_written_is_read_to_the_last_bit(state, tmp_path):
    assert (state.epoch, state.step, state.optimizer.steps) == (1, 2, 7)
    assert state.best is not None
    assert len(state.history) == 1
    save_checkpoint(tmp_path / "copy", state)
    assert state_bits(load_checkpoint(tmp_path / "copy", tiny_network())) == state_bits(state)


def test_the_arrays_are_one_s_own(path, state):
    before = path.read_bytes()
    for _, array in state.named_arrays():
        array += 1
    assert path.read_bytes() == before
    assert state.parameters["conv1.bias"][0] == state.parameters.vector[4 * 9]


def test_the_arrays_stand_in_aligned_memory(state):
    """See `inkgrad.memory.aligned_zeros`."""
    arrays = dict(state.named_arrays())
    assert set(arrays) == {"parameters", "best", "optimizer.m", "optimizer.v"}
    assert {array.ctypes.data % 64 for array in arrays.values()} == {0}


def test_a_network_of_the_same_shape_is_not_enough(path):
    for network, difference in [
        (tiny_network(filters=5), "its layer 1 is .*'filters': 4.*, here .*'filters': 5"),
        (Network([Flatten(), Dense(3)], (1, 8, 8)), "it has 5 layers, here 2"),
        (Network([Dense(3)], (64,)), r"its inputs are \[1, 8, 8\], here \[64\]"),
    ]:
        with pytest.raises(ModelError, match=f"made for another network: {difference}"):
            load_checkpoint(path, network)


# ------------------------------------------------------------------ failures while writing


def failing_on(call: int, real, error: OSError):
    """Return `real` made to fail on its n-th call, counting from 0."""
    calls = iter(range(1000))

    def wrapper(*args, **kwargs):
        if next(calls) == call:
            raise error
        return real(*args, **kwargs)

    return wrapper


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextlib.contextmanager
def torn_write(path):
    """Write half of what is asked, then find the disk full."""
    with atomic_write(path) as file:

        class Torn:
            def write(self, data: bytes) -> int:
                file.write(data[: len(data) // 2])
                raise FULL

        yield Torn()


@pytest.mark.parametrize(
    ("writer", "kept"),
    [
        (torn_write, "old"),
        (partial(atomic_write, fsync=failing_on(0, os.fsync, FULL)), "old"),
        (partial(atomic_write, replace=failing_on(0, os.replace, FULL)), "old"),
        # Only the flush of the folder is left: the new file already stands there, whole.
        (partial(atomic_write, fsync=failing_on(1, os.fsync, FULL)), "new"),
    ],
    ids=["write", "fsync", "rename", "fsync of the folder"],
)
def test_a_failure_at_any_point_leaves_a_whole_checkpoint(
    path, state, tmp_path, monkeypatch, writer, kept
):
    target = tmp_path / "run" / LAST
    save_checkpoint(target, state)
    old = state_bits(state)
    state.parameters.vector[:] = 0
    monkeypatch.setattr(checkpoint, "atomic_write", writer)
    with pytest.raises(ModelError, match=r"cannot write the checkpoint .*: No space left"):
        save_checkpoint(target, state)
    found = state_bits(load_checkpoint(target, tiny_network()))
    assert found == (old if kept == "old" else state_bits(state))
    assert os.listdir(target.parent) == [LAST]


def test_a_failing_first_checkpoint_leaves_nothing(state, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "atomic_write", torn_write)
    with pytest.raises(ModelError, match="cannot write"):
        save_checkpoint(tmp_path / LAST, state)
    assert os.listdir(tmp_path) == []


def test_a_kill_before_the_rename_leaves_the_old_one(state, tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    def die(*args):
        raise Killed

    save_checkpoint(tmp_path / LAST, state)
    old = (tmp_path / LAST).read_bytes()
    state.parameters.vector[:] = 0
    for step in ("fsync", "replace"):
        monkeypatch.setattr(checkpoint, "atomic_write", partial(atomic_write, **{step: die}))
        with pytest.raises(Killed):
            save_checkpoint(tmp_path / LAST, state)
        assert (tmp_path / LAST).read_bytes() == old


# ------------------------------------------------------------------ files not to be trusted


def parts(path) -> tuple[dict, dict]:
    """Return the tensors and the JSON facts of a checkpoint, to be tampered with."""
    contents = path.read_bytes()
    header = json.loads(contents[8 : 8 + int.from_bytes(contents[:8], "little")])
    return safetensors.numpy.load(contents), json.loads(header["__metadata__"]["inkgrad"])


def joined(tensors: dict, facts: object) -> bytes:
    text = facts if isinstance(facts, str) else json.dumps(facts)
    return safetensors.numpy.save(tensors, {"inkgrad": text})


def raw(header: bytes, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + data


def npz() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, parameters=np.zeros(3))
    return buffer.getvalue()


class Exploit:
    def __reduce__(self):
        return (os.mkdir, ("pwned",))


NOT_CHECKPOINTS = {
    "empty": b"",
    "short": b"\x01\x02\x03",
    "noise": np.random.default_rng(0).bytes(5000),
    "pickle": pickle.dumps(Exploit()),
    "npz": npz(),
    "header longer than the file": struct.pack("<Q", 1000) + b"{}",
    "header of 2^63 bytes": struct.pack("<Q", 2**63) + b"{}",
    "header is no JSON": raw(b"{"),
    "header is a list": raw(b"[]"),
    "header is deep": raw(b'{"a":' * 100_000),
    "no metadata": raw(b"{}"),
    "metadata is null": raw(b'{"__metadata__":null}'),
    "metadata of another program": raw(b'{"__metadata__":{"format":"pt"}}'),
    "facts are no JSON": raw(b'{"__metadata__":{"inkgrad":"{"}}'),
    "facts are a list": raw(b'{"__metadata__":{"inkgrad":"[]"}}'),
    "unknown dtype": raw(b'{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}', b"\0"),
    "dtype NumPy lacks": raw(b'{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}', b"\0\0"),
    "negative shape": raw(b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', b"\0" * 4),
    "terabytes": raw(b'{"a":{"dtype":"F32","shape":[999999999999],"data_offsets":[0,4]}}', b"0000"),
    "keys twice": raw(
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},'
        b'"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        b"0000",
    ),
}


@pytest.mark.parametrize("contents", NOT_CHECKPOINTS.values(), ids=NOT_CHECKPOINTS.keys())
def test_what_is_no_checkpoint_is_refused(tmp_path, monkeypatch, contents):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / LAST
    path.write_bytes(contents)
    with pytest.raises(ModelError, match=r"checkpoint-last.safetensors is not a usable checkpoint"):
        load_checkpoint(path, tiny_network())
    assert os.listdir(tmp_path) == [LAST]


def test_a_network_with_more_to_it_is_not_this_one(path, tmp_path):
    tensors, facts = parts(path)
    facts["network"]["layers"] = list(facts["network"]["layers"])
    facts["network"]["skips"] = [[1, 3]]
    (tmp_path / LAST).write_bytes(joined(tensors, facts))
    with pytest.raises(ModelError, match=r"its network is described by .*'skips'"):
        load_checkpoint(tmp_path / LAST, tiny_network())


def with_tensor(name, change):
    def tamper(tensors, facts):
        tensors[name] = change(tensors[name])

    return tamper


def with_fact(name, value):
    def tamper(tensors, facts):
        facts[name] = value

    return tamper


def with_record(**changes):
    def tamper(tensors, facts):
        record = next(r for r in facts["records"] if r["event"] == "epoch")
        record.update(changes)

    return tamper


def poisoned(value):
    def change(array):
        array = array.copy()
        array[17] = value
        return array

    return with_tensor("optimizer.v", change)


TAMPERED = {
    "nan": (poisoned(np.nan), "optimizer.v holds numbers that are not finite"),
    "inf": (poisoned(np.inf), "optimizer.v holds numbers that are not finite"),
    "double": (with_tensor("best", np.float64), "best is float64 of shape"),
    "matrix": (with_tensor("parameters", lambda a: a.reshape(1, -1)), "parameters is float32 of"),
    "cut": (with_tensor("parameters", lambda a: a[1:].copy()), "parameters is float32 of shape"),
    "gone": (lambda t, f: t.pop("optimizer.m"), "it holds .*, needed are .*'optimizer.m'"),
    "extra": (lambda t, f: t.update(x=np.zeros(1, np.float32)), "it holds .*'x'.*, needed are"),
    "no best": (lambda t, f: t.pop("best"), "its counts contradict each other"),
    "format": (with_fact("format", "inkgrad checkpoint 2"), "its format is 'inkgrad checkpoint 2'"),
    "no network": (with_fact("network", None), "does not say what network"),
    "no layers": (with_fact("network", {"layers": 3}), "does not say what network"),
    "engine": (with_fact("engine", 3), "engine is 3"),
    "no recipe": (with_fact("recipe", [1]), r"recipe is \[1\]"),
    "recipe": (with_fact("recipe", {"epochs": -1}), "of its recipe, epochs is -1"),
    "data": (with_fact("data", [70]), r"its data is described by \[70\]"),
    "no data": (with_fact("data", [0, "x"]), "length is 0"),
    "other validation": (with_fact("validation", None), "in one of its records"),
    "epoch": (with_fact("epoch", -1), "epoch is -1"),
    "epoch ahead": (with_fact("epoch", 2), "its counts contradict each other"),
    "step": (with_fact("step", 10**400), "a number has 100 digits or more"),
    "step ahead": (with_fact("step", 6), "its counts contradict each other"),
    "updates": (with_fact("optimizer_steps", 8), r"contradict .* 8 updates"),
    "seconds": (with_fact("seconds", "long"), "seconds is 'long'"),
    "tally": (with_fact("epoch_tally", [1.0, 2]), r"epoch_tally is \[1.0, 2\]"),
    "tally known": (with_fact("window", [1.0, 3, 4, 5]), r"window is \[1.0, 3, 4, 5\]"),
    "tally right": (with_fact("window", [1.0, 3, 4, 2]), r"window is \[1.0, 3, 4, 2\]"),
    "tally seen": (with_fact("epoch_tally", [1.0, 2, 3]), "its counts contradict each other"),
    "tally infinite": (with_fact("window", [float("inf"), 2, 3]), "Infinity is not a number"),
    "window": (with_fact("window", [1.0, 2, 1000]), "its counts contradict each other"),
    "no records": (with_fact("records", {}), "records is {}"),
    "record": (with_fact("records", [3]), "one of its records is 3"),
    "record kind": (with_fact("records", [{"event": []}]), "one of its records is"),
    "record field": (with_record(extra=1), "one of its records is"),
    "record number": (with_record(train_loss="low"), "train_loss is 'low'"),
    "record whole": (with_record(epoch=1.0), "epoch is 1.0"),
    "record flag": (with_record(is_best=1), "is_best is 1 in one of its records"),
    "record judged": (with_record(validation_loss=None), "validation_loss is None"),
    "record order": (with_record(epoch=2), "its counts contradict each other"),
    "no history": (with_fact("records", []), "its counts contradict each other"),
}


@pytest.mark.parametrize(("tamper", "message"), TAMPERED.values(), ids=TAMPERED.keys())
def test_tampering_is_noticed(path, tmp_path, tamper, message):
    tensors, facts = parts(path)
    tamper(tensors, facts)
    (tmp_path / LAST).write_bytes(joined(tensors, facts))
    with pytest.raises(ModelError, match=message):
        load_checkpoint(tmp_path / LAST, tiny_network())


def test_untampered_parts_make_a_checkpoint_again(path, tmp_path, state):
    (tmp_path / LAST).write_bytes(joined(*parts(path)))
    assert state_bits(load_checkpoint(tmp_path / LAST, tiny_network())) == state_bits(state)


def test_tallies_from_before_there_were_examples_of_no_class_are_read(path, tmp_path, state):
    tensors, facts = parts(path)
    for name in ("epoch_tally", "window"):
        facts[name] = facts[name][:3]
    (tmp_path / LAST).write_bytes(joined(tensors, facts))
    assert state_bits(load_checkpoint(tmp_path / LAST, tiny_network())) == state_bits(state)


def test_facts_twice_are_refused(path, tmp_path):
    tensors, facts = parts(path)
    text = json.dumps(facts)[:-1] + ', "epoch": 0}'
    (tmp_path / LAST).write_bytes(joined(tensors, text))
    with pytest.raises(ModelError, match="the key 'epoch' stands twice"):
        load_checkpoint(tmp_path / LAST, tiny_network())


def test_every_truncation_is_refused(path, tmp_path):
    contents = path.read_bytes()
    for length in [*range(0, len(contents), 97), len(contents) - 1]:
        (tmp_path / LAST).write_bytes(contents[:length])
        with pytest.raises(ModelError, match="not a usable checkpoint"):
            load_checkpoint(tmp_path / LAST, tiny_network())


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None
)
@given(st.data())
def test_damage_never_ends_in_another_error(path, tmp_path, data):
    contents = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, min(len(contents), 4000) - 1))
        contents[place] = data.draw(st.integers(0, 255))
    (tmp_path / LAST).write_bytes(contents)
    with contextlib.suppress(ModelError):
        assert isinstance(load_checkpoint(tmp_path / LAST, tiny_network()), TrainingState)


def test_a_file_far_too_large_is_not_even_read(tmp_path):
    with open(tmp_path / LAST, "wb") as file:
        file.truncate(10**12)  # a hole: takes no room on the disk
    with pytest.raises(ModelError, match="it has 1,000,000,000,000 bytes, too many"):
        load_checkpoint(tmp_path / LAST, tiny_network())


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(ModelError, match="there is no checkpoint"):
        load_checkpoint(tmp_path / "none", tiny_network())
    with pytest.raises(ModelError, match=r"cannot read the checkpoint .*: Is a directory"):
        load_checkpoint(tmp_path, tiny_network())


def test_a_run_without_validation_has_no_best(tmp_path):
    recipe = dataclasses.replace(RECIPES["adam"], epochs=1)
    fit(tiny_network(), TRAIN, recipe=recipe, folder=tmp_path)
    state = load_checkpoint(tmp_path / LAST, tiny_network())
    assert state.best is None
    assert state.history[0].validation_loss is None
    tensors, facts = parts(tmp_path / LAST)
    facts["records"][-1]["validation_accuracy"] = 0.5
    (tmp_path / LAST).write_bytes(joined(tensors, facts))
    with pytest.raises(ModelError, match=r"validation_accuracy is 0.5 in one of its records"):
        load_checkpoint(tmp_path / LAST, tiny_network())
