"""The server's addresses: the page, the models, a prediction, and their description."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from inkgrad import web
from inkgrad.errors import ModelError
from inkgrad.version import __version__
from inkgrad.web.asking import MAX_BODY, content_type, read_body
from inkgrad.web.description import (
    Answer,
    Health,
    ModelFacts,
    ModelList,
    question_body,
    refused_as,
)
from inkgrad.web.guard import Guard
from inkgrad.web.predicting import predict, warm_up
from inkgrad.web.refusals import Json, Refused, refusal
from inkgrad.web.served import Served
from inkgrad.workflows.info import describe_model

__all__ = ["create_app"]

_THREADS = 2  # a large picture must not keep a small drawing waiting
_MOST_AT_ONCE = 32  # requests for predictions, whose bodies are in memory
_SENTENCES = {
    404: "there is nothing at this address; /openapi.json lists what there is",
    405: "this address does not take that method",
}
_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".svg": "image/svg+xml",
}


class _Files(StaticFiles):
    """A folder of files, where a name that no file can have is one that is not there."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        return ("", None) if "\0" in path else super().lookup_path(path)


def create_app(
    models: Sequence[Served], *, host: str = "127.0.0.1", allow_frames: bool = False
) -> FastAPI:
    """Return the server as an ASGI application.

    Parameters
    ----------
    models : sequence of Served
        The first one answers by default.
    host : str
        The address that the server is bound to: see `Guard`.
    allow_frames : bool
        Whether pages elsewhere may show the page in a frame.

    Raises
    ------
    ModelError
        If a model's record cannot be told as JSON.
    """
    app = FastAPI(
        title="inkgrad",
        summary="Recognises doodles.",
        version=__version__,
        docs_url=None,  # they are pages that load their scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    app.exception_handler(Refused)(_refused)
    app.exception_handler(HTTPException)(_no_address)
    app.add_middleware(Guard, host=host, allow_frames=allow_frames)
    by_name = {served.name: served for served in models}
    _add_page(app)
    _add_models(app, list(by_name.values()))
    _add_prediction(app, by_name)
    warm_up(by_name)
    return app


def _add_page(app: FastAPI) -> None:
    """Add the page with its files, and the sign of life."""
    for suffix, kind in _TYPES.items():  # whatever this system has them registered as
        mimetypes.add_type(kind, suffix)
    folder = web.static_folder()

    @app.get("/", include_in_schema=False)
    def page() -> Response:
        index = folder / "page" / "index.html"
        if not index.is_file():
            raise Refused(404, "there is no page in this installation; install inkgrad anew")
        return FileResponse(index)

    app.mount("/static", _Files(directory=folder))

    @app.get("/healthz", response_model=Health, responses=refused_as(400))
    def health() -> Response:
        """Tell that the server answers."""
        return Json({"status": "ok", "version": __version__})


def _add_models(app: FastAPI, models: Sequence[Served]) -> None:
    """Add what there is to know of the models, and their files."""
    entries = [
        {"name": served.name, "address": served.address, "classes": list(served.model.classes)}
        for served in models
    ]
    facts = _prepared({**entries[0], **_facts(models[0])}, models[0].name)
    listed = _prepared({"models": entries}, models[0].name)

    @app.get("/api/models", response_model=ModelList, responses=refused_as(400))
    def list_models() -> Response:
        """List the models that can be asked."""
        return Response(listed, media_type="application/json")

    @app.get("/api/model", response_model=ModelFacts, responses=refused_as(400))
    def describe() -> Response:
        """Describe the model that is served."""
        return Response(facts, media_type="application/json")

    for served in models:
        _add_file(app, served)


def _add_file(app: FastAPI, served: Served) -> None:
    """Add a model's file."""
    kind = "application/octet-stream"
    described: dict[int | str, dict[str, Any]] = {
        200: {
            "description": "A safetensors file.",
            "content": {kind: {"schema": {"type": "string", "format": "binary"}}},
        },
        **refused_as(400),
    }

    @app.get(
        served.address,
        response_class=Response,
        responses=described,
        name=f"the model {served.name}",
        operation_id=f"model_{served.name}",
    )
    def file() -> Response:
        return Response(served.content, media_type=kind)


def _add_prediction(app: FastAPI, models: dict[str, Served]) -> None:
    """Add recognising: beside the event loop, a few at a time."""
    threads = CapacityLimiter(_THREADS)
    asking = 0

    @app.post(
        "/api/predict",
        response_model=Answer,
        responses=refused_as(400, 403, 408, 413, 415, 422, 503),
        openapi_extra=question_body(list(models)),
    )
    async def recognise(request: Request) -> Response:
        """Say what a drawing shows, given as strokes or as a picture."""
        nonlocal asking
        kind = content_type(request)
        if asking >= _MOST_AT_ONCE:
            raise Refused(503, f"more than {_MOST_AT_ONCE} ask at once; ask again in a moment")
        asking += 1
        try:
            body = await read_body(request, MAX_BODY[kind])
            return Json(await to_thread.run_sync(predict, models, kind, body, limiter=threads))
        finally:
            asking -= 1


def _facts(served: Served) -> dict[str, Any]:
    """Return what there is to know of a model, beyond its name and classes."""
    facts = describe_model(served.model)
    facts["network"] = served.model.network.to_config()
    del facts["summary"]
    return facts


def _prepared(facts: dict[str, Any], name: str) -> bytes:
    """Return facts as JSON, once and for all."""
    try:
        return bytes(Json(facts).body)
    except ValueError:
        raise ModelError(
            f"the model {name} cannot be served: its record holds a number that is not finite"
        ) from None


async def _refused(request: Request, error: Refused) -> Response:
    # What has not been read of a body would be taken for the next request.
    unread = error.status in (408, 413)
    return refusal(error.status, error.sentence, {"Connection": "close"} if unread else None)


async def _no_address(request: Request, error: HTTPException) -> Response:
    """Answer what the router and the folder refuse, in the form of all refusals."""
    sentence = _SENTENCES.get(error.status_code, HTTPStatus(error.status_code).phrase)
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers.setdefault("Allow", "GET, HEAD")  # some versions do not say it of a file
    return refusal(error.status_code, sentence, headers)
