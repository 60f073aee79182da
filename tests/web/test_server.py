"""The server's addresses, each asked over a real connection."""

from __future__ import annotations

import io
import json
import logging
from dataclasses import replace

import httpx
import numpy as np
import pytest

import inkgrad
from inkgrad import web
from inkgrad.confidence import Confidence
from inkgrad.errors import ModelError
from inkgrad.model import Model, Recognised, load
from inkgrad.network import seed_network
from inkgrad.packaged import PACKAGED
from inkgrad.quickdraw.doodles import draw
from inkgrad.web.app import create_app
from inkgrad.web.asking import MAX_TOP
from inkgrad.web.guard import HEADERS, Guard
from inkgrad.web.predicting import SURE
from inkgrad.web.served import Served, find_models
from inkgrad.workflows import predict
from tests.drawing.pictures import picture
from tests.web.servers import CLASSES, running, serving, write_model

DOODLE = [np.asarray(stroke).tolist() for stroke in draw("cat", np.random.default_rng(3))]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def client(model):
    with serving(model) as address, httpx.Client(base_url=address) as client:
        yield client


def png_of(strokes):
    file = io.BytesIO()
    picture(strokes).save(file, "PNG")
    return file.getvalue()


def ask(client, **question):
    answer = client.post("/api/predict", json=question)
    assert answer.status_code == 200, answer.text
    return answer.json()


# --- what is there ------------------------------------------------------------------------------


def test_it_is_well(client):
    assert client.get("/healthz").json() == {"status": "ok", "version": inkgrad.__version__}


def test_the_served_model_is_the_first_of_the_models(client, model):
    first = client.get("/api/models").json()["models"][0]
    address = "/models/zoo.safetensors"
    assert first == {"name": "zoo", "address": address, "classes": list(CLASSES)}
    file = client.get(address)
    assert file.headers["content-type"] == "application/octet-stream"
    assert file.content == model.read_bytes()


def test_every_model_that_is_listed_can_be_fetched_and_asked(client, tmp_path):
    for entry in client.get("/api/models").json()["models"]:
        path = tmp_path / "fetched.safetensors"
        path.write_bytes(client.get(entry["address"]).content)
        assert list(load(path).classes) == entry["classes"]
        answer = ask(client, strokes=DOODLE, model=entry["name"], top=1)
        assert answer["guesses"][0]["class"] in entry["classes"]


def test_the_model_is_described(client, model):
    facts = client.get("/api/model").json()
    loaded = load(model)
    assert (facts["name"], facts["classes"]) == ("zoo", list(CLASSES))
    assert facts["parameters"] == loaded.network.size
    assert facts["network"] == json.loads(json.dumps(loaded.network.to_config()))
    assert facts["raster"] == loaded.raster.to_dict()
    assert facts["record"] == {"data": "none"}
    assert [layer["name"] for layer in facts["layers"]] == [s.name for s in loaded.network.stages]


def test_the_modules_of_the_page_are_served_as_they_are(client):
    folder = web.static_folder()
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    types = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
    for path in files:
        answer = client.get(f"/static/{path.relative_to(folder).as_posix()}")
        assert answer.content == path.read_bytes()
        if path.suffix in types:
            assert answer.headers["content-type"].partition(";")[0] == types[path.suffix]
        assert answer.headers["cache-control"] == "no-cache"
        again = client.get(answer.url, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304


def test_the_page_is_at_the_root(model, tmp_path, monkeypatch):
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "index.html").write_text("<!doctype html><title>draw</title>")
    (tmp_path / "layers").mkdir()
    (tmp_path / "layers" / "conv.js").write_text("export function conv() {}")
    monkeypatch.setattr(web, "static_folder", lambda: tmp_path)
    with serving(model) as address, httpx.Client(base_url=address) as client:
        page = client.get("/")
        assert page.text == "<!doctype html><title>draw</title>"
        assert page.headers["content-type"].startswith("text/html")
        assert client.get("/static/layers/conv.js").text == "export function conv() {}"
        (tmp_path / "page" / "index.html").unlink()
        missing = client.get("/")
        assert (missing.status_code, list(missing.json())) == (404, ["error"])


def test_browsers_are_told_to_trust_nothing_else(client):
    assert "default-src 'none'" in HEADERS["Content-Security-Policy"]
    assert "script-src 'self' 'wasm-unsafe-eval';" in HEADERS["Content-Security-Policy"]
    answers = [
        client.get("/healthz"),
        client.get("/static/drawing/raster.js"),
        client.get("/nowhere"),
        client.post("/api/predict"),
        client.get("/healthz", headers={"Host": "example.org"}),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 404, 415, 400]
    for answer in answers:
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
        assert "server" not in answer.headers


def test_nothing_is_loaded_from_elsewhere(client):
    assert client.get("/docs").status_code == client.get("/redoc").status_code == 404


# --- predictions --------------------------------------------------------------------------------


def test_strokes_are_read_as_the_command_reads_them(client, model, tmp_path):
    path = tmp_path / "cat.json"
    path.write_text(json.dumps(DOODLE))
    (expected,) = predict(model, [path])
    answer = ask(client, strokes=DOODLE)
    assert answer["guesses"] == expected.to_dict()["guesses"]
    assert answer["sure"] == (answer["guesses"][0]["probability"] >= SURE)
    assert 0 < answer["milliseconds"] < 60_000


def test_a_picture_is_read_as_the_command_reads_it(client, model, tmp_path):
    path = tmp_path / "cat.png"
    path.write_bytes(png_of(DOODLE))
    (expected,) = predict(model, [path])
    answer = client.post(
        "/api/predict", content=path.read_bytes(), headers={"Content-Type": "image/png"}
    )
    assert answer.json()["guesses"] == expected.to_dict()["guesses"]


def test_size_place_and_times_do_not_matter(client):
    moved = [
        [[4 * x - 700 for x in xs], [4 * y + 90.0 for y in ys], list(range(len(xs)))]
        for xs, ys in DOODLE
    ]
    scaled = [[[4.5 * v for v in row] for row in stroke] for stroke in moved]
    assert ask(client, strokes=moved)["guesses"] == ask(client, strokes=scaled)["guesses"]


@pytest.mark.parametrize(("top", "count"), [(1, 1), (2, 2), (MAX_TOP, len(CLASSES))])
def test_as_many_guesses_as_are_wanted(client, top, count):
    guesses = ask(client, strokes=DOODLE, top=top)["guesses"]
    assert len(guesses) == count
    probabilities = [guess["probability"] for guess in guesses]
    assert probabilities == sorted(probabilities, reverse=True)
    if count == len(CLASSES):
        assert sum(probabilities) == pytest.approx(1)


@pytest.mark.parametrize(
    "strokes", [[[[7], [7]]], [[[0, 0.5], [1e9, -1e9]]], [[[1], [2], [3]]] * 9]
)
def test_odd_drawings_are_drawings(client, strokes):
    assert len(ask(client, strokes=strokes)["guesses"]) == 3


def test_a_charset_may_be_named(client):
    kind = {"Content-Type": 'Application/JSON; charset="UTF-8"'}
    body = json.dumps({"strokes": DOODLE})
    assert client.post("/api/predict", content=body, headers=kind).status_code == 200


def test_the_rule_for_sure_is_that_of_the_description(client):
    answer = client.get("/openapi.json").json()["components"]["schemas"]["Answer"]
    assert f"{SURE}" in answer["properties"]["sure"]["description"]


@pytest.mark.parametrize("probability", [0.4999, 0.5])
def test_sure_begins_at_one_half(tmp_path, monkeypatch, probability):
    from inkgrad.web.predicting import predict as answer

    (served,) = [s for s in find_models(write_model(tmp_path)) if s.name == "zoo"]
    shares = np.array([[probability, 1 - probability - 0.01, 0.01]])
    found = Recognised(shares, np.array([0.75]), np.array([False]))
    monkeypatch.setattr(Model, "recognise", lambda self, drawings: found)
    body = json.dumps({"strokes": DOODLE}).encode()
    told = answer({"zoo": served}, "application/json", body)
    assert told["sure"] is (probability >= 0.5)
    assert (told["familiarity"], told["rejected"]) == (0.75, False)


@pytest.mark.parametrize("rejects", [True, False])
def test_none_of_these_is_told_by_models_that_learnt_to_say_so(tmp_path, rejects):
    from inkgrad.web.predicting import predict as answer

    (served,) = [s for s in find_models(write_model(tmp_path)) if s.name == "zoo"]
    confidence = Confidence("logit", 50.0, 100.0, 0.9, rejects)
    served = replace(served, model=replace(served.model, confidence=confidence))
    body = json.dumps({"strokes": DOODLE}).encode()
    told = answer({"zoo": served}, "application/json", body)
    assert told["rejected"] is rejects
    assert told["familiarity"] == pytest.approx(served.model.familiarity([DOODLE])[0])
    assert told["sure"] is (not rejects and told["guesses"][0]["probability"] >= SURE)
    assert len(told["guesses"]) == 3


# --- which models -------------------------------------------------------------------------------


def test_a_name_is_made_to_fit_an_address(tmp_path):
    path = write_model(tmp_path, name="my zoo {2}")
    first = find_models(path)[0]
    assert (first.name, first.address) == ("my-zoo-2", "/models/my-zoo-2.safetensors")
    with serving(path) as address:
        assert httpx.get(address + first.address).content == path.read_bytes()


def test_the_packaged_models_follow_the_served_one(tmp_path):
    mine = write_model(tmp_path, ("x", "y"), name="twenty")

    def names(model):
        return [(served.name, len(served.model.classes)) for served in find_models(model)]

    packaged = {name: len(load(name).classes) for name in PACKAGED}
    for name, count in packaged.items():
        others = [(other, n) for other, n in packaged.items() if other != name]
        assert names(name) == [(name, count), *others]
    assert names(None) == names(max(packaged, key=packaged.__getitem__))  # it knows most
    others = [(other, n) for other, n in packaged.items() if other != "twenty"]
    assert names(mine) == [("twenty", 2), *others]  # in place of the packaged one


def test_models_are_served_in_the_precision_that_is_asked_for():
    for precision in ("float32", "int8"):
        found = find_models("seed", precision=precision)
        assert [served.model.precision for served in found] == [precision] * len(PACKAGED)


def test_what_is_no_model_is_told_before_anything_is_served(tmp_path):
    with pytest.raises(ModelError, match="there is no model file"):
        find_models(tmp_path / "nothing.safetensors")


def test_a_record_that_json_cannot_tell_is_refused():
    network = seed_network(2)
    strange = Model(network, network.initialise(seed=0), ("a", "b"), record={"x": float("nan")})
    with pytest.raises(ModelError, match="the model odd cannot be served: its record holds"):
        create_app([Served("odd", strange, b"")])


def test_any_text_can_be_told():
    network = seed_network(2)
    classes = ("\ud800", "chat \N{CAT FACE}")
    model = Model(network, network.initialise(seed=0), classes)
    app = create_app([Served("odd", model, b"")])
    with running(app) as address, httpx.Client(base_url=address) as client:
        assert client.get("/api/model").json()["classes"] == list(classes)
        assert len(ask(client, strokes=DOODLE)["guesses"]) == 2


# --- who may ask --------------------------------------------------------------------------------

KNOWN = ["localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.1:8028", "[::1]", "[::1]:8028"]
UNKNOWN = [
    *("", "example.org", "localhost.example.org", "127.0.0.1.nip.io", "me@localhost", "0x7f.1"),
    *("localhost:x", "localhost/x", "[::1", "192.168.0.7"),
]


@pytest.mark.parametrize("host", KNOWN)
def test_this_machine_has_these_names(client, host):
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", UNKNOWN)
def test_and_no_other(client, host):
    answer = client.get("/healthz", headers={"Host": host})
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "this server is not of that name; ask for localhost or 127.0.0.1"
    }


@pytest.mark.parametrize(
    ("bound", "host", "known"),
    [
        ("192.168.0.7", "192.168.0.7:8028", True),
        ("192.168.0.7", "192.168.0.8:8028", False),
        ("Zoo.local", "zoo.local", True),
        ("0.0.0.0", "192.168.0.7:8028", True),
        ("0.0.0.0", "example.org", False),
        ("::", "[fe80::1]:8028", True),
    ],
)
def test_a_server_has_the_name_that_it_is_bound_to(bound, host, known):
    guard = Guard(lambda *_: None, bound)
    assert (guard._refuse(httpx.Headers({"host": host}), "GET") is None) == known


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://localhost:8028", True),
        ("https://localhost:8028", True),
        ("http://localhost", False),
        ("http://127.0.0.1:8028", False),
        ("http://example.org", False),
        ("null", False),
        ("", False),
    ],
)
def test_only_its_own_page_may_post(client, origin, allowed):
    headers = {"Host": "localhost:8028", "Origin": origin}
    answer = client.post("/api/predict", json={"strokes": DOODLE}, headers=headers)
    assert answer.status_code == (200 if allowed else 403)
    assert ("error" in answer.json()) is not allowed
    assert client.get("/healthz", headers=headers).status_code == 200
    assert "access-control-allow-origin" not in answer.headers


# --- what goes wrong ----------------------------------------------------------------------------


def test_a_fault_of_ours_is_logged_and_not_shown(model, monkeypatch, caplog):
    def fail(*_):
        raise ZeroDivisionError("a secret")

    with serving(model) as address:
        monkeypatch.setattr(Model, "recognise", fail)
        with caplog.at_level(logging.ERROR, "inkgrad"):
            answer = httpx.post(f"{address}/api/predict", json={"strokes": DOODLE})
        assert answer.status_code == 500
        assert list(answer.json()) == ["error"]
        assert "secret" not in answer.text
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
        assert "a secret" in caplog.text
        assert httpx.get(f"{address}/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/nowhere", "/static/nothing.js", "/static/", "/static", "/api"])
def test_where_nothing_is_a_sentence_says_so(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"].startswith("there is nothing at this address")


@pytest.mark.parametrize(
    "path",
    [
        "/static/../__init__.py",
        "/static/..%2f__init__.py",
        "/static/%2e%2e/__init__.py",
        "/static/..%5c__init__.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/%00",
        "/static/" + "a" * 5000,
        "/models/..%2fzoo.safetensors",
        "/models/nothing.safetensors",
    ],
)
def test_nothing_outside_is_reached(client, path):
    answer = client.get(httpx.URL(str(client.base_url)).copy_with(raw_path=path.encode()))
    assert answer.status_code == 404
    assert list(answer.json()) == ["error"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/"),
        ("POST", "/healthz"),
        ("PUT", "/static/drawing/raster.js"),
        ("GET", "/api/predict"),
    ],
)
def test_a_method_that_is_not_taken_is_told(client, method, path):
    answer = client.request(method, path)
    assert answer.status_code == 405
    assert answer.json() == {"error": "this address does not take that method"}
    assert answer.headers["allow"]
