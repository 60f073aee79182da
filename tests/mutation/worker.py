"""Run tests against mutants: one forked process a mutant, in which the module is the damaged one.

Reads jobs as JSON from standard input and writes, for each, what noticed the damage, or null.
It must not import inkgrad itself: each child imports it afresh, the damaged module included.
"""

from __future__ import annotations

import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import select
import signal
import sys
import time
import warnings
from types import ModuleType
from typing import Any, NoReturn

import _pytest.config
import pytest

TOO_LONG = 60.0  # seconds: a mutant that loops for ever is noticed by that
MEMORY = 8 << 30  # bytes: a mutant that asks for terabytes shall not trouble the machine
# Loaded once here, and not by every child, which takes more than half of its time.
LOADED = [
    *(f"_pytest.{plugin}" for plugin in _pytest.config.default_plugins),
    *("hypothesis.strategies", "hypothesis.internal.conjecture.engine", "_hypothesis_pytestplugin"),
    *("numpy", "numpy.random", "numpy.testing", "numpy.typing", "safetensors.numpy"),
    *("encodings.unicode_escape", "mmap", "tomllib" if sys.version_info >= (3, 11) else "tomli"),
]
# Plugins of pytest's that see no failure, or only one that is looked for after the last test.
NEEDLESS = [
    *("cacheprovider", "debugging", "faulthandler", "junitxml", "pastebin", "setuponly"),
    *("setupplan", "stepwise", "threadexception", "unraisableexception"),
]
OPTIONS = [
    *("-x", "-o", "addopts=", "-m", "not slow and not oracle and not browser"),
    *(f"-pno:{plugin}" for plugin in NEEDLESS),
    "--hypothesis-profile=mutation",
    *("--assert=plain", "--tb=no"),  # nobody reads how it failed
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # hypothesis was loaded before
    *("-p", "_hypothesis_pytestplugin"),  # the only plugin needed: see `hunt`
]


class Damaged(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module another source, when it is imported."""

    def __init__(self, module: str, source: str) -> None:
        self.module, self.source = module, source

    def find_spec(
        self, name: str, path: object = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self) if name == self.module else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.source, f"mutant of {self.module}", "exec"), module.__dict__)


class FirstFailure:
    """Tells of the first test that failed, or the file that could not even be imported.

    Then the process ends: what pytest would still do takes as long as reading the tests did.
    """

    def __init__(self, answer: int) -> None:
        self.answer = answer

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.tell(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.tell(f"importing {report.nodeid}")

    def tell(self, verdict: str | None) -> NoReturn:
        os.write(self.answer, json.dumps(verdict).encode())
        os._exit(0)


def in_child(job: dict[str, Any], answer: int) -> None:
    """Run the job's tests with its module damaged, and write what noticed."""
    os.setsid()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    gc.disable()  # it is over in a moment
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    sys.meta_path.insert(0, Damaged(job["module"], job["source"]))
    first = FirstFailure(answer)
    try:
        for tests in job["tests"]:  # the first mostly notices; then the others are not even read
            code = pytest.main([*OPTIONS, tests], plugins=[first])
            if code != 0:
                first.tell(f"pytest, which ended with {code!r}")
    except BaseException as error:
        first.tell(f"{type(error).__name__}: {error}")
    first.tell(None)


def noticed(job: dict[str, Any]) -> str | None:
    """Return what noticed the damage: a test, a crash or the clock; None if nothing did."""
    answer, end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            in_child(job, end)
        finally:
            os._exit(0)
    os.close(end)
    started = time.monotonic()
    ready, _, _ = select.select([answer], [], [], TOO_LONG)
    text = os.read(answer, 1 << 16) if ready else b""
    os.close(answer)
    if not ready:
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if text:
        return json.loads(text)
    return f"{'a crash' if ready else 'the clock'}, after {time.monotonic() - started:.0f} s"


def get_ready() -> None:
    """Do once what every child would have to do before its first test."""
    for name in LOADED:
        importlib.import_module(name)
    from hypothesis import given, settings
    from hypothesis.strategies import floats

    @settings(max_examples=1, database=None)
    @given(floats())
    def draw(_: float) -> None:
        """Draw a number, for which hypothesis looks where each module comes from."""

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the plugin minds, as it takes this for pytest's beginning
        draw()
    gc.freeze()  # or every child's first collection would copy this process's memory


if __name__ == "__main__":
    get_ready()
    json.dump([noticed(job) for job in json.load(sys.stdin)], sys.stdout)
