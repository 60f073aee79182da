"""Starting the server: a free port, a browser when it answers, and a clean end by Ctrl-C."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import threading
import webbrowser
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

from inkgrad.errors import InkgradError

if TYPE_CHECKING:
    import uvicorn

__all__ = ["HOST", "PORT", "serve"]

HOST = "127.0.0.1"
PORT = 8028

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # and where this machine finds itself then
_SECONDS_TO_END = 2  # that connections are given when the server is to end


def serve(
    model: str | os.PathLike[str] | None = None,
    *,
    host: str = HOST,
    port: int = PORT,
    engine: str = "auto",
    precision: str = "float32",
    open_browser: bool = True,
    allow_frames: bool = False,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the drawing page and a model, until Ctrl-C.

    Parameters
    ----------
    model : path of a model file, optional
        By default `inkgrad.packaged.DEFAULT_MODEL`.
    host : str
        The address to listen at; by default only this machine can reach it.
    port : int
        0 takes any that is free.
    engine : str
        Engine that runs the network. With ``"auto"`` the reference engine answers at once, and the
        fast one as soon as its kernels are ready (see `inkgrad.engines.make_predictor`).
    precision : str
        In what it computes: see `inkgrad.Model`.
    open_browser : bool
        Whether the page is opened, once the server answers.
    allow_frames : bool
        Whether pages elsewhere, such as slides, may show the page in a frame (``/?embed#think``).
    on_ready : callable, optional
        Told the page's address, once the server answers.

    Raises
    ------
    InkgradError
        If the extra ``web`` is not installed, the model cannot be used, or the port is taken.
    """
    missing = [name for name in ("fastapi", "uvicorn") if find_spec(name) is None]
    if missing:
        raise InkgradError(
            f"serving needs {' and '.join(missing)}; type pip install 'inkgrad[web]'"
        )
    _calm_blas()
    from inkgrad.web.app import create_app
    from inkgrad.web.served import find_models

    models = find_models(model, engine=engine, precision=precision)
    _load_compiled_rasterizer()
    app = create_app(models, host=host, allow_frames=allow_frames)
    with _listen(host, port) as listener:
        address = _address(host, listener.getsockname()[1])

        def ready() -> None:
            if on_ready is not None:
                on_ready(address)
            if open_browser:  # which may take its time
                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

        server = _make_server(app, ready)
        with contextlib.suppress(KeyboardInterrupt):  # which uvicorn has obeyed, and passes on
            server.run(sockets=[listener])


def _calm_blas() -> None:
    """Have NumPy's matrix products, if it is not loaded yet, made by one thread.

    Several would make one drawing's no faster, and wait for each other by spinning: on two busy
    cores, one prediction in a hundred then takes 25 ms instead of 1.
    """
    for name in ("OPENBLAS", "MKL", "OMP", "VECLIB"):
        variable = "VECLIB_MAXIMUM_THREADS" if name == "VECLIB" else f"{name}_NUM_THREADS"
        os.environ.setdefault(variable, "1")


def _load_compiled_rasterizer() -> None:
    """Have drawings drawn by compiled code from the first on, where Numba is there.

    Of a prediction's 10 milliseconds plain Python would take 8 to draw the strokes.
    """
    from inkgrad.drawing import rasterize_many

    if find_spec("numba") is not None:
        with contextlib.suppress(ImportError):  # a Numba that is broken; plain Python draws
            rasterize_many([[[[0, 9], [0, 9]]]], compiled=True)


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises
    ------
    InkgradError
        If there is no such port or host, or it may not be had.
    """
    if not 0 <= port <= 65535:
        raise InkgradError(f"the port is {port}; give a number from 1 to 65535, or 0 for any")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, _, _, _, place = found[0]
        made = socket.create_server(place[:2], family=family, backlog=128)
    except (socket.gaierror, UnicodeError):
        raise InkgradError(
            f"there is no host {host!r}; give an address of this machine, or leave --host out"
        ) from None
    except OSError as error:
        raise InkgradError(_why_not(error, host, port)) from None
    # Only of sockets that are said to be TCP does asyncio switch Nagle's algorithm off, for which
    # every answer, sent in two pieces, would wait 40 ms.
    return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, made.detach())


def _why_not(error: OSError, host: str, port: int) -> str:
    """Say why a socket could not be had."""
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} is in use, perhaps by another inkgrad serve; give another one, "
            "or --port 0 for any that is free"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is not an address of this machine; leave --host out to serve only it"
    if error.errno == errno.EACCES:
        return f"port {port} may not be used by everybody; give one from 1024 on"
    return f"cannot listen at {host}, port {port}: {error.strerror or error}; give another --port"


def _address(host: str, port: int) -> str:
    """Return the page's address.

    Examples
    --------
    >>> _address("127.0.0.1", 8028), _address("::", 8028)
    ('http://127.0.0.1:8028/', 'http://[::1]:8028/')
    """
    host = _EVERYWHERE.get(host, host)
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _make_server(app: object, on_ready: Callable[[], None]) -> uvicorn.Server:
    """Return uvicorn, which says nothing of its own, and tells when it answers."""
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            on_ready()

    return Server(
        uvicorn.Config(
            app,  # type: ignore[arg-type]
            http="h11",
            ws="none",
            log_config=None,
            log_level="critical",  # the guard tells of faults; who is cut off at the end is none
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_SECONDS_TO_END,
        )
    )
