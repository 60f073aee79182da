"""Whenever the browser is killed, at most the last second is lost."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.thorough import THOROUGH
from tests.web import killed

pytestmark = pytest.mark.browser

KILLS = 3 * THOROUGH
SECOND = 1.0


@pytest.mark.parametrize("number", range(KILLS))
def test_a_killed_browser_loses_a_second_at_most(address, tmp_path, number):
    told = draw_until_killed(tmp_path, address, 1 + 4 * random.Random(number).random())
    *_, last = told
    ended = last["killed"]
    safe = [state for state in told if state["time"] < ended - SECOND][-1]
    found = reopened(tmp_path, address)
    states = [{k: v for k, v in state.items() if k not in ("time", "killed")} for state in told]
    # It is as it was at some moment not earlier than a second before.
    assert found in states[told.index(safe) :], (found, states)


def draw_until_killed(folder, address, seconds):
    """Return what the browser told, and when it was killed, some seconds after it was ready."""
    command = [sys.executable, "-m", "tests.web.killed", str(folder), address]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        told = [json.loads(process.stdout.readline())]
        timer = time.time() + seconds
        while time.time() < timer:
            told.append(json.loads(process.stdout.readline()))
        family = psutil.Process(process.pid).children(recursive=True)
        for one in family:
            if "chrom" in one.name():
                one.send_signal(signal.SIGKILL)
        ended = time.time()
        process.kill()
        rest, _ = process.communicate()
    told += [json.loads(line) for line in rest.splitlines() if line.endswith("}")]
    told[-1]["killed"] = ended
    for one in family:
        if one.is_running():
            os.kill(one.pid, signal.SIGKILL)
    return told


def reopened(folder, address):
    """Return what a new browser with the same profile finds, in a process of its own."""
    code = (
        "import json, sys; from playwright.sync_api import sync_playwright\n"
        "from tests.web.killed import STATE, open_page\n"
        "with sync_playwright() as p:\n"
        "    browser, page = open_page(p, *sys.argv[1:])\n"
        "    print(json.dumps(page.evaluate(STATE)))\n"
        "    browser.close()\n"
    )
    command = [sys.executable, "-c", code, str(folder), address]
    run = subprocess.run(
        command, cwd=Path(killed.__file__).parents[2], capture_output=True, text=True, check=True
    )
    return json.loads(run.stdout)
