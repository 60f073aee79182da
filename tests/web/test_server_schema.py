"""The server does as its description says, whatever is asked: schemathesis makes up questions."""

from __future__ import annotations

import subprocess
import sys

import httpx
import pytest

from inkgrad.model import Model
from tests.thorough import THOROUGH
from tests.web.servers import serving, write_model

# Of its checks, all but that everything is accepted which the schema allows: a schema cannot say
# that rows are equally long, or how long a scribble is.
CHOICES = (
    *("--checks", "all", "--exclude-checks", "positive_data_acceptance", "--mode", "all"),
    *("--seed", "1", "--generation-database", "none", "--no-color"),
)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with serving(write_model(tmp_path_factory.mktemp("models"))) as address:
        yield address


def schemathesis(address, folder, *words):
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json"]
    return subprocess.run(
        [*command, *CHOICES, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_whatever_is_asked_it_answers_as_described(address, tmp_path):
    done = schemathesis(address, tmp_path, "--max-examples", "15")
    assert done.returncode == 0, done.stdout
    assert "No issues found" in done.stdout


@pytest.mark.slow
def test_and_more_of_it(address, tmp_path):
    done = schemathesis(address, tmp_path, "--max-examples", str(250 * THOROUGH))
    assert done.returncode == 0, done.stdout


def test_a_fault_would_be_found(address, tmp_path, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(Model, "recognise", fail)
    done = schemathesis(address, tmp_path, "--phases", "examples")
    assert done.returncode == 1
    assert "[500] Internal Server Error" in done.stdout


def test_the_description_is_complete(address):
    description = httpx.get(f"{address}/openapi.json").json()
    paths = description["paths"]
    known = {"/healthz", "/api/models", "/api/model", "/api/predict", "/models/zoo.safetensors"}
    assert known <= set(paths)
    assert all(path in known or path.startswith("/models/") for path in paths)
    for methods in paths.values():
        for described in methods.values():
            assert described["summary"]
            responses = described["responses"]
            assert {"200", "400"} <= set(responses)
            for code in set(responses) - {"200"}:
                reference = {"schema": {"$ref": "#/components/schemas/Refusal"}}
                assert responses[code]["content"] == {"application/json": reference}
    codes = set(paths["/api/predict"]["post"]["responses"])
    assert codes == {"200", "400", "403", "408", "413", "415", "422", "503"}
    for name, schema in description["components"]["schemas"].items():
        assert schema["additionalProperties"] is False, name
