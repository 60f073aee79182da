"""What every test may use, how many examples hypothesis draws, and what is said of the time."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, settings

import inkgrad
from tests.buckets import write_bucket
from tests.thorough import THOROUGH

if TYPE_CHECKING:
    from inkgrad.workflows import Trained

DEADLINE = pytest.StashKey[float]()

# Always the same examples, so that a test which passes today passes tomorrow. Choose a profile
# with --hypothesis-profile; `exhaustive` is what the slow tests run, `mutation` the mutation test.
settings.register_profile("default", max_examples=30, derandomize=True, deadline=None)
settings.register_profile(
    "exhaustive",
    settings.get_profile("default"),
    max_examples=200 * THOROUGH,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "mutation",
    settings.get_profile("default"),
    max_examples=12,
    phases=[Phase.generate],  # a failure is enough, it need not be made simple
)
settings.load_profile("default")

# What a shell starts in the background is told to ignore Ctrl-C, and under nohup to ignore SIGHUP,
# and passes that on to its children; there are tests of both, in this process and in others.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# All that is asked here is asked of this machine, never of a proxy that the environment names.
for name in ("http_proxy", "https_proxy", "all_proxy"):
    os.environ.pop(name, None)
    os.environ.pop(name.upper(), None)


# Files of slow tests that take more than half a minute, longest first. They are started before all
# others: whatever takes long and comes last leaves the other cores idle.
LONGEST = (
    "mutation/test_hunt.py",
    "workflows/test_strokes_and_bitmaps.py",
    "test_fresh_clone.py",
    "workflows/test_one_door.py",
    "workflows/test_real_drawings.py",
    "engines/cpu/test_other_processors.py",
    "insight/test_scenes.py",
    "engines/cpu/test_compiling.py",
    "drawing/test_real_pictures.py",
    "quickdraw/test_doodles.py",
    "drawing/test_real_drawings.py",
    "docs/test_walkthrough.py",
    "bench/test_bench.py",
)

LONG = 5.0  # seconds: a test of the quick suite that takes longer says why


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--budget",
        type=float,
        metavar="SECONDS",
        help="start no more tests after this time; those left are counted as skipped",
    )


def pytest_configure(config: pytest.Config) -> None:
    budget = config.getoption("budget")
    config.stash[DEADLINE] = math.inf if budget is None else time.monotonic() + budget


@pytest.hookimpl(trylast=True)  # after they were shuffled
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the slow tests of the files that take longest first."""
    here = Path(__file__).parent
    turns = {here / name: turn for turn, name in enumerate(LONGEST)}
    last = len(LONGEST)
    items.sort(key=lambda item: turns.get(item.path, last) if "slow" in item.keywords else last)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if time.monotonic() > item.config.stash[DEADLINE]:
        pytest.skip("the time that --budget gives is over: run `make test`")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Name the tests that take long and neither say why nor stand aside from the quick suite."""
    excused = {"long", "slow", "oracle", "browser"}
    for report in terminalreporter.getreports("passed"):
        if report.when == "call" and report.duration > LONG and not excused & set(report.keywords):
            terminalreporter.write_line(
                f"{report.nodeid} took {report.duration:.1f} s: make it quicker, mark it slow, or "
                "say why it must with @pytest.mark.long(reason)"
            )


@pytest.fixture(scope="session")
def quickdraw_folder() -> Path:
    """Return the folder of real drawings that the environment variable INKGRAD_DATA names.

    Without it the test is skipped, except in continuous integration (CI=true), where real
    drawings are part of the proof and their absence is a failure.
    """
    named = os.environ.get("INKGRAD_DATA", "").removeprefix("file://")
    if named and Path(named).is_dir():
        return Path(named)
    reason = (
        f"INKGRAD_DATA is {named!r}, which is not a folder; it must hold Quick, Draw! drawings"
        if named
        else "needs real drawings: set INKGRAD_DATA to a folder of Quick, Draw! drawings"
    )
    if named or os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def doodle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the bucket's layout: 40 built-in doodles each of three animals."""
    folder = tmp_path_factory.mktemp("doodles") / "doodles"
    write_bucket(folder, ("cat", "dog", "zebra"), 40, seed=1)
    (folder / "tasks.json").write_text('{"pets": ["cat", "dog"]}')
    return folder


@pytest.fixture(scope="session")
def doodle_run(doodle_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Return what training on `doodle_folder` gave; its folder must not be written to."""
    from inkgrad.workflows import train

    out = tmp_path_factory.mktemp("runs") / "doodles"
    return train("cat,dog,zebra", data=doodle_folder, out=out, epochs=3, batch_size=16)


@pytest.fixture
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to an empty folder where nothing of the user's is seen: no data, no cache, no colours."""
    colours = ("FORCE_COLOR", "NO_COLOR", "COLORTERM", "TTY_COMPATIBLE")
    for name in ("INKGRAD_DATA", "TERMINAL_WIDTH", *colours):
        monkeypatch.delenv(name, raising=False)
    # Processes started from here shall find the inkgrad that is tested, however it was found.
    monkeypatch.setenv("PYTHONPATH", str(Path(inkgrad.__file__).parents[1]))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


@pytest.fixture(scope="session")
def chromium_browser() -> Iterator[Any]:
    """Return the system's Chromium as Playwright knows it; one for all tests."""
    from tests.web.javascript import launch_chromium

    with launch_chromium() as browser:
        yield browser
