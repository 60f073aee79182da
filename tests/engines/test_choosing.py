"""Choosing an engine: by name, the fastest that works here, and what is said if none is fast."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from inkgrad.engines import ENGINES, ReferenceEngine, advice, make_engine, ready_engine
from inkgrad.errors import InkgradError
from inkgrad.network import seed_network
from tests.compiled import pretend

NETWORK = seed_network(3)
ABSENT = (
    "the reference engine computes, as Numba is not installed; `pip install 'inkgrad[fast]'` "
    "makes training about ten times faster"
)
BROKEN = "Numba cannot be imported (ImportError: Numba needs another NumPy)"


@pytest.fixture
def numba(monkeypatch, tmp_path):
    """Return a function that makes Numba "there", "absent" or "broken"."""
    return lambda how: pretend(how, monkeypatch, tmp_path)


@pytest.mark.parametrize("name", ["auto", *ENGINES])
def test_every_engine_is_found_by_name(name):
    engine = make_engine(name, NETWORK)
    assert engine.network is NETWORK
    assert name in ("auto", engine.name)


def test_an_engine_of_the_same_network_is_used_as_it_is():
    engine = ReferenceEngine(seed_network())
    assert make_engine(engine, seed_network()) is engine
    assert ready_engine(engine, seed_network()) is engine


def test_an_engine_of_another_network_is_refused():
    for function in (make_engine, ready_engine):
        with pytest.raises(InkgradError, match="the engine was made for another network"):
            function(ReferenceEngine(seed_network(4)), seed_network(5))


def test_an_unknown_engine_is_refused_with_the_choice():
    names = ", ".join(["auto", *sorted(ENGINES)])
    for function in (make_engine, ready_engine):
        with pytest.raises(InkgradError) as caught:
            function("warp", NETWORK)
        assert str(caught.value) == f"engine is 'warp'; choose one of {names}"


def test_with_numba_auto_is_the_compiled_engine(numba):
    numba("there")
    assert make_engine("auto", NETWORK).name == "cpu"
    assert "numba" not in sys.modules  # making an engine costs nothing
    told = []
    for name in ("auto", "cpu"):
        assert ready_engine(name, NETWORK, lambda *event: told.append(event)).name == "cpu"
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)] * 2
    assert ready_engine("reference", NETWORK).name == "reference"
    assert advice() is None


def test_without_numba_auto_is_the_reference_engine_and_one_line_says_so(numba, caplog):
    numba("absent")
    with caplog.at_level(logging.INFO, "inkgrad"):
        for function in (make_engine, ready_engine, make_engine):
            assert function("auto", NETWORK).name == "reference"
    assert advice() == ABSENT
    assert [record.getMessage() for record in caplog.records] == [ABSENT]


def test_without_numba_the_compiled_engine_is_refused(numba):
    numba("absent")
    for function in (make_engine, ready_engine):
        with pytest.raises(InkgradError) as caught:
            function("cpu", NETWORK)
        assert str(caught.value) == (
            "the engine cpu needs Numba, but Numba is not installed; pip install 'inkgrad[fast]', "
            "or choose the engine reference"
        )


def test_a_numba_that_is_broken_is_found_out_when_it_is_needed(numba, caplog):
    numba("broken")
    assert make_engine("auto", NETWORK).name == "cpu"
    with caplog.at_level(logging.INFO, "inkgrad"):
        assert ready_engine("auto", NETWORK).name == "reference"
        assert make_engine("auto", NETWORK).name == "reference"
    expected = ABSENT.replace("Numba is not installed", BROKEN)
    assert advice() == expected
    assert [record.getMessage() for record in caplog.records] == [expected]


def test_a_numba_that_is_broken_is_told_to_who_asks_for_it(numba):
    numba("broken")
    with pytest.raises(InkgradError) as caught:
        ready_engine("cpu", NETWORK)
    assert str(caught.value) == (
        f"the engine cpu needs Numba, but {BROKEN}; pip install 'inkgrad[fast]', "
        "or choose the engine reference"
    )


def test_where_there_is_no_faster_engine_there_is_no_advice(numba, monkeypatch):
    numba("absent")
    monkeypatch.delitem(ENGINES, "cpu")
    assert advice() is None
    assert make_engine("auto", NETWORK).name == "reference"


def test_a_library_says_nothing_unasked():
    script = (
        "import sys; sys.modules['numba'] = None\n"
        "from inkgrad.engines import ENGINES, make_engine\n"
        "from inkgrad.network import seed_network\n"
        "ENGINES.setdefault('cpu', None)\n"
        "assert make_engine('auto', seed_network()).name == 'reference'\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_making_an_engine_does_not_import_numba():
    script = (
        "import sys\n"
        "from inkgrad.engines import ENGINES, make_engine\n"
        "from inkgrad.network import seed_network\n"
        "for name in ['auto', *ENGINES]: make_engine(name, seed_network())\n"
        "print('numba' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "False\n"
