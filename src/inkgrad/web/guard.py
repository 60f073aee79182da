"""The door of the server: who may come in, and what every answer carries."""

from __future__ import annotations

import ipaddress
import logging
import traceback
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inkgrad.text import printable, sentence
from inkgrad.web.refusals import refusal

__all__ = ["HEADERS", "LOCAL", "Guard"]

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
"""The names of this machine that are always answered to."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; "
    "worker-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
"""What browsers are told with every answer: nothing but this server's own, by nobody else."""

_SAFE = ("GET", "HEAD", "OPTIONS")
_ANYWHERE = ("0.0.0.0", "::")


class Guard:
    """Around an app: it is reached only by its own names and from its own pages.

    A page elsewhere could have its own name resolved to this machine (DNS rebinding), which the
    ``Host`` header tells, or send a form here, which ``Origin`` tells. What goes wrong inside is
    logged, and answered with 500 without a word of it.

    Parameters
    ----------
    app : ASGI application
    host : str
        What the server is bound to; `LOCAL` is answered to besides. If that is every address of
        the machine, so is any address written in figures, which nobody can have resolved.
    allow_frames : bool
        Whether pages elsewhere, such as slides and notebooks, may show this one in a frame.
    """

    def __init__(
        self, app: ASGIApp, host: str = "127.0.0.1", *, allow_frames: bool = False
    ) -> None:
        self._app = app
        self._headers = HEADERS
        if allow_frames:
            policy = HEADERS["Content-Security-Policy"].replace("ancestors 'none'", "ancestors *")
            self._headers = {**HEADERS, "Content-Security-Policy": policy}
        self._hosts: Collection[str] = LOCAL | {host.lower()}
        self._anywhere = host in _ANYWHERE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have the app do so."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        answer = self._refuse(Headers(scope=scope), scope["method"]) or self._app
        try:
            await answer(scope, receive, send_with_headers)
        except Exception:
            logging.getLogger("inkgrad").error(
                "the server could not answer %s\n%s", sentence(scope["path"]), _trace()
            )
            if not begun:
                told = "something went wrong in the server, which has written down what"
                await refusal(500, told)(scope, receive, send_with_headers)

    def _refuse(self, headers: Headers, method: str) -> ASGIApp | None:
        """Return what to answer to those who may not come in; None if they may."""
        host = headers.get("host", "")
        if not self._known(_name(host)):
            return refusal(400, "this server is not of that name; ask for localhost or 127.0.0.1")
        origin = headers.get("origin")
        if method not in _SAFE and origin is not None:
            here = {f"http://{host.lower()}", f"https://{host.lower()}"}
            if origin.lower() not in here:
                return refusal(403, "the request comes from a page of another origin")
        return None

    def _known(self, name: str) -> bool:
        return name in self._hosts or (self._anywhere and _is_figures(name))


def _trace() -> str:
    """Return the traceback of what went wrong, of which nothing can command a terminal."""
    return "\n".join(map(printable, traceback.format_exc().splitlines()))


def _name(host: str) -> str:
    """Return the name in a ``Host`` header, without its port; nothing if there is none.

    Examples
    --------
    >>> _name("[::1]:8080"), _name("LOCALHOST"), _name("a@b"), _name("[")
    ('::1', 'localhost', '', '')
    """
    try:
        parts = urlsplit(f"//{host}")
        if parts.netloc != host or parts.username is not None:
            return ""
        _ = parts.port  # a `ValueError` if it is none
        return parts.hostname or ""
    except ValueError:
        return ""


def _is_figures(name: str) -> bool:
    """Tell an address like 192.168.0.7 from a name."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
