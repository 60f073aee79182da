"""Bringing a part of one file over HTTP, whatever the server and the line do meanwhile."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from inkgrad.errors import DownloadError
from inkgrad.quickdraw.edition import Edition
from inkgrad.quickdraw.partial_download import PartialDownload
from inkgrad.quickdraw.responses import (
    ChangedError,
    TryAgainError,
    UnreachableError,
    check_status,
    could_not,
    read_headers,
)
from inkgrad.version import __version__

if TYPE_CHECKING:
    import httpx

__all__ = ["Client"]

CONNECT_TIMEOUT = 3.0  # seconds for one connection to be made
CONTACT_TIMEOUT = 5.0  # seconds for the first answer, looking up the name included
SLOWEST = 256.0  # bytes a second below which a connection counts as stalled
_BACK_OFF = 0.5  # seconds before the first new try; doubled each time
_HEADWAY = 1 << 16  # bytes after which the count of failed tries begins again
_MOST_REDIRECTS = 5
_OVERLAP = 4096  # bytes that are fetched again and compared: five bitmaps, or a dozen lines
_STRONG_TAG = re.compile(r'"[!#-~]*"')  # the only kind that If-Range may name, as bytes of ASCII


class Client:
    """An HTTP client that continues a `PartialDownload` up to a size, for several threads at once.

    Every request asks for a range of plain bytes (`Accept-Encoding: identity`), and if the server
    told a strong tag, only for that edition's (`If-Range`). A range begins some bytes before the
    part's end: what comes twice is compared. Connections that are cut, stall or are refused for
    the moment (408, 425, 429, 500, 502–504, with their `Retry-After`) are tried again from the
    byte reached, after 0.5, 1, 2, 4 … seconds.

    Parameters
    ----------
    timeout : float
        Seconds without a byte after which a connection counts as stalled.
    retries : int
        How often a file is tried again in a row without any headway.
    sleep : callable, optional
        Waits a number of seconds; tests put their own in its place.
    transport : httpx.BaseTransport, optional
        Carries the requests; tests put their own in its place.
    """

    def __init__(
        self,
        *,
        timeout: float = 20.0,
        retries: int = 5,
        sleep: Callable[[float], object] | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        import httpx

        self.timeout = timeout
        self.retries = retries
        self._stopped = threading.Event()
        self._sleep = sleep if sleep is not None else self._stopped.wait
        self._contact_lock = threading.Lock()
        self._contacted = False
        self._unreachable: str | None = None
        try:
            self._http = httpx.Client(
                headers={"Accept-Encoding": "identity", "User-Agent": f"inkgrad/{__version__}"},
                timeout=httpx.Timeout(timeout, connect=min(timeout, CONNECT_TIMEOUT), pool=None),
                follow_redirects=False,  # see `_answer`
                transport=transport,
            )
        except (ImportError, OSError, ValueError) as error:
            raise DownloadError(
                "the settings for proxies or certificates in the environment (HTTPS_PROXY, "
                f"ALL_PROXY, SSL_CERT_FILE …) cannot be used: {error}"
            ) from error

        # No cookies: they are not needed, and Python prints a traceback for odd ones.
        self._http.cookies.jar.set_policy(DefaultCookiePolicy(netscape=False, rfc2965=False))

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def stop(self) -> None:
        """Make every thread that uses the client end soon, with a `DownloadError`."""
        self._stopped.set()

    def wait(self, seconds: float) -> None:
        """Sleep, unless the client was stopped."""
        if not self._stopped.is_set():
            self._sleep(seconds)
        if self._stopped.is_set():
            raise DownloadError("the download was stopped; start it again and it goes on")

    def extend(
        self,
        url: str,
        part: PartialDownload,
        stop: int,
        progress: Callable[[int, int], object] | None = None,
    ) -> Edition:
        """Make `part` hold the first `stop` bytes of `url` (or all, if the file is shorter).

        Returns the edition that the part belongs to.

        Parameters
        ----------
        url : str
            Address of the file.
        part : PartialDownload
            What is there already; it grows, and keeps what arrived if an error is raised.
        stop : int
            Bytes wanted, counted from the file's beginning.
        progress : callable, optional
            Told the size of the part and the size wanted after each piece.

        Raises
        ------
        NotFoundError
            The server answers 404 or 410.
        ChangedError
            The file is another one than the part was begun with, by what the server tells or by
            the bytes that came twice; nothing was appended.
        UnreachableError
            The very first connection of this client could not be made.
        DownloadError
            Anything else that trying again did not mend.
        OSError
            The part could not be written.
        """
        failures = 0
        while part.edition is None or part.size < min(stop, part.edition.total):
            before = part.size
            try:
                self._contact(url)
                self._request(url, part, stop, progress)
            except TryAgainError as interruption:
                failures = 1 if part.size - before >= _HEADWAY else failures + 1
                if failures > self.retries:
                    kept = part.edition is not None and part.edition.told
                    advice = (
                        "what arrived is kept, run the same command again to go on"
                        if kept
                        else "run the same command again"
                    )
                    raise DownloadError(
                        f"{could_not(url)}: {interruption.reason}, after {failures} tries; {advice}"
                    ) from interruption
                pause = _BACK_OFF * 2.0 ** (failures - 1)
                self.wait(pause if interruption.wait is None else interruption.wait)
        return part.edition

    def _contact(self, url: str) -> None:
        """Find out, once, whether there is a network at all: any answer will do.

        It runs in a thread of its own, since looking up a name cannot be given a time-out.
        """
        import httpx

        with self._contact_lock:
            if not self._contacted and self._unreachable is None:
                outcome: list[Exception | None] = []

                def ask() -> None:
                    try:
                        self._http.head(url)
                        outcome.append(None)
                    except Exception as error:  # told to the thread that waits
                        outcome.append(error)

                asking = threading.Thread(target=ask, daemon=True)
                asking.start()
                asking.join(CONTACT_TIMEOUT)
                if not outcome:
                    self._unreachable = f"no answer within {CONTACT_TIMEOUT:g} s"
                elif isinstance(outcome[0], httpx.TransportError):
                    self._unreachable = self._reason(outcome[0])
                self._contacted = self._unreachable is None
        if self._unreachable is not None:
            raise UnreachableError(
                f"{urlsplit(url).hostname} cannot be reached ({self._unreachable})"
            )

    def _request(
        self,
        url: str,
        part: PartialDownload,
        stop: int,
        progress: Callable[[int, int], object] | None,
    ) -> None:
        """Ask once for what is missing, and append what comes."""
        import httpx

        start = max(0, part.size - _OVERLAP)
        headers = {"Range": f"bytes={start}-{stop - 1}"}
        if part.edition is not None and _STRONG_TAG.fullmatch(part.edition.tag):
            headers["If-Range"] = part.edition.tag
        try:
            with self._answer(url, headers) as response:
                check_status(url, response, part.size > 0)
                edition, begins, ends = read_headers(url, response, start)
                if part.edition is not None and not part.edition.agrees(edition):
                    raise ChangedError(url)
                part.begin(edition)
                stop = min(stop, edition.total)
                self._receive(url, response, part, begins, min(stop, ends), progress)
        except httpx.TransportError as error:
            raise TryAgainError(self._reason(error)) from error
        if part.size < stop:
            raise TryAgainError(f"only {part.size:,} of {stop:,} bytes came")

    @contextlib.contextmanager
    def _answer(self, url: str, headers: dict[str, str]) -> Iterator[httpx.Response]:
        """Ask, follow redirects, and yield the answer with its body yet to come.

        httpx would read and decode the bodies of redirects, which may be endless or damaged.
        """
        import httpx

        try:
            request = self._http.build_request("GET", url, headers=headers)
            for _ in range(1 + _MOST_REDIRECTS):
                response = self._http.send(request, stream=True)
                if response.next_request is None:
                    break
                request = response.next_request
                response.close()
            else:
                raise DownloadError(
                    f"{could_not(url)}: the server redirects without end; check the address"
                )
        except DownloadError:
            raise
        except (
            httpx.InvalidURL,
            httpx.UnsupportedProtocol,
            httpx.LocalProtocolError,
            ValueError,  # letters that no host or header can have
        ) as error:
            raise DownloadError(f"{could_not(url)}: not an address ({error})") from error
        try:
            yield response
        finally:
            response.close()

    def _receive(
        self,
        url: str,
        response: httpx.Response,
        part: PartialDownload,
        position: int,
        stop: int,
        progress: Callable[[int, int], object] | None,
    ) -> None:
        """Append the body, which begins at `position`, until the part has `stop` bytes.

        Raises
        ------
        ChangedError
            If bytes that are here already come otherwise.
        """
        began, received = time.monotonic(), 0
        for chunk in response.iter_raw():
            received += len(chunk)
            before = part.size
            if not part.accept(position, chunk[: max(0, stop - position)]):
                raise ChangedError(url)
            position += len(chunk)
            if progress is not None and part.size > before:
                progress(part.size, stop)
            if part.size >= stop:
                return  # a server that ignores Range would go on to the file's end
            elapsed = time.monotonic() - began
            if elapsed > self.timeout and received < elapsed * SLOWEST:
                raise TryAgainError(f"only {received:,} bytes came in {elapsed:.0f} s")
            if self._stopped.is_set():
                self.wait(0)

    def _reason(self, error: httpx.TransportError) -> str:
        """Say in a few words what went wrong on the line."""
        import httpx

        if isinstance(error, httpx.ConnectTimeout):
            return "no connection in time"
        if isinstance(error, httpx.TimeoutException):
            return f"the server sent nothing for {self.timeout:g} s"
        if isinstance(error, (httpx.ConnectError, httpx.ProxyError)):
            return f"no connection: {error}"
        return f"the connection was cut: {error}"
