"""Three browser engines and real pointers in them: Debian's Chromium, Firefox and WebKit.

    with firefox() as engine:
        engine.open(address)
        engine.play([Step("down", "pen", 40, 60), Step("up", "pen", 40, 60)])
        engine.run("return page.pad.strokes.length")

Chromium is driven by the DevTools protocol, Firefox by Marionette, which geckodriver speaks too,
WebKit by WebDriver. What an engine's driver has no word for (`Engine.plays`), `play_by_script`
plays in any of them: it dispatches the events in the page.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import httpx

from tests.web.javascript import missing

__all__ = ["Engine", "Step", "chromium", "firefox", "play_by_script", "webkit"]

TOUCHES = {"touch": 1, "finger": 2}  # `finger` is a second touch, such as a palm
PATIENCE = 60.0  # seconds; a browser starts within two, on an idle machine


@dataclass(frozen=True)
class Step:
    """What a pointer does, in the window's coordinates.

    `what` is ``down``, ``move``, ``up``, ``cancel`` (the system takes the pointer away) or
    ``hover`` (it moves with no button pressed, whatever was told of it before). With `also`, it
    comes through these points too, on its way to (x, y), quicker than the browser draws.
    """

    what: str
    pointer: str  # mouse, pen, touch, or finger
    x: float
    y: float
    also: tuple[tuple[float, float], ...] = ()

    @property
    def path(self) -> list[tuple[float, float]]:
        return [*self.also, (self.x, self.y)]


class Engine:
    """A browser with one window."""

    real: ClassVar[set[tuple[str, str]]]  # what its driver can do: {(what, pointer)}
    bundles: ClassVar[bool] = False  # can do what is quicker than it draws
    zooms: ClassVar[bool] = True  # as the user would; otherwise by a style
    tells_pens: bool = True  # from mice

    def plays(self, steps: Sequence[Step]) -> bool:
        """Tell whether the driver can do all of this."""
        is_down: dict[str, bool] = {}
        for step in steps:
            # No driver puts down what is down.
            if step.what == "down" and is_down.get(step.pointer):
                return False
            is_down[step.pointer] = step.what in {"down", "move"}
            if step.also and not self.bundles:
                return False
        return all((step.what, step.pointer) in self.real for step in steps)

    def open(self, address: str) -> None:
        raise NotImplementedError

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function in the page, where `page` is the page's own handle."""
        raise NotImplementedError

    def play(self, steps: Sequence[Step]) -> None:
        """Do all of this by the driver, as hands would."""
        raise NotImplementedError

    def resize(self, width: int, height: int) -> None:
        raise NotImplementedError

    def zoom(self, factor: float) -> None:
        raise NotImplementedError


def _can(whats: str, pointers: str) -> set[tuple[str, str]]:
    return set(itertools.product(whats.split(), pointers.split()))


# Synthetic events

_SCRIPT = """
const pad = document.getElementById("pad");
const hand = (window.hand ??= { fingers: new Map(), next: 200 });
const { fingers } = hand;
const fixed = { mouse: 101, pen: 102 };
for (const { what, pointer, path } of arguments[0]) {
  const isTouch = !(pointer in fixed);
  if (isTouch && what === "down") {
    if (fingers.has(pointer)) fingers.clear();  // its end was lost
    fingers.set(pointer, [hand.next++, fingers.size === 0]);
  }
  const [pointerId, isPrimary] = isTouch ? fingers.get(pointer) : [fixed[pointer], true];
  const make = (type, [clientX, clientY], more) =>
    new PointerEvent(type, {
      pointerId, isPrimary, clientX, clientY, bubbles: true, cancelable: true, composed: true,
      pointerType: isTouch ? "touch" : pointer,
      button: { down: 0, up: 0 }[what] ?? -1,
      buttons: what === "down" || what === "move" || what === "lose" ? 1 : 0,
      ...more,
    });
  const type = { hover: "pointermove", lose: "lostpointercapture" }[what] ?? "pointer" + what;
  const bundle = path.length > 1 ? path.map((point) => make(type, point)) : [];
  const event = make(type, path[path.length - 1], { coalescedEvents: bundle });
  const isBundled = event.getCoalescedEvents?.().length === path.length;
  for (const each of bundle.length > 0 && !isBundled ? bundle : [event]) pad.dispatchEvent(each);
  if (isTouch && (what === "up" || what === "cancel")) fingers.delete(pointer);
}
"""


def play_by_script(engine: Engine, steps: Sequence[Step]) -> None:
    """Dispatch events in the page that look like these, since its driver cannot do them."""
    told = [{"what": step.what, "pointer": step.pointer, "path": step.path} for step in steps]
    engine.run(_SCRIPT, told)


# Chromium


class _Chromium(Engine):
    real = _can("down move up hover", "mouse pen") | _can("down move up cancel", "touch finger")

    def __init__(self, page: Any) -> None:
        self._page = page
        self._tell = page.context.new_cdp_session(page).send
        self._down: dict[str, dict[str, Any]] = {}  # touches
        self._size = (1000, 800)

    def open(self, address: str) -> None:
        self._page.goto(address)

    def run(self, script: str, *arguments: Any) -> Any:
        script = f"const page = globalThis.inkgradPage; {script}"
        call = f"(given) => (function () {{ {script} }}).apply(null, given)"
        return self._page.evaluate(call, list(arguments))

    def play(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if step.pointer in TOUCHES:
                self._tell("Input.dispatchTouchEvent", self._touch(step))
            else:
                self._tell("Input.dispatchMouseEvent", self._mouse(step))

    @staticmethod
    def _mouse(step: Step) -> dict[str, Any]:
        types = {"down": "mousePressed", "up": "mouseReleased"}
        is_hovering = step.what == "hover"
        told = {"type": types.get(step.what, "mouseMoved"), "pointerType": step.pointer}
        told |= {"x": step.x, "y": step.y, "clickCount": int(step.what in types)}
        told |= {"button": "none" if is_hovering else "left"}
        return told | {"buttons": 0 if is_hovering or step.what == "up" else 1}

    def _touch(self, step: Step) -> dict[str, Any]:
        types = {"down": "Start", "move": "Move", "up": "End", "cancel": "Cancel"}
        point = {"x": step.x, "y": step.y, "id": TOUCHES[step.pointer]}
        if step.what in {"up", "cancel"}:
            self._down.pop(step.pointer)
            points = [point] if step.what == "up" else []
        else:
            self._down[step.pointer] = point
            points = list(self._down.values())
        return {"type": f"touch{types[step.what]}", "touchPoints": points}

    def resize(self, width: int, height: int) -> None:
        self._size = (width, height)
        self.zoom(1)

    def zoom(self, factor: float) -> None:
        """Show the page as Ctrl + does: fewer and larger pixels in the same window."""
        width, height = (round(side / factor) for side in self._size)
        told = {"width": width, "height": height, "deviceScaleFactor": factor, "mobile": False}
        self._tell("Emulation.setDeviceMetricsOverride", told)


@contextlib.contextmanager
def chromium(browser: Any) -> Iterator[Engine]:
    """Open a window in a Chromium that is running (`javascript.launch_chromium`)."""
    with contextlib.closing(browser.new_context(no_viewport=True)) as context:
        yield _Chromium(context.new_page())


# Firefox

_FIREFOX_PREFERENCES = {
    "marionette.port": 0,  # any; it is then written to a file of the profile
    "network.proxy.type": 0,  # none
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.w3c_touch_events.enabled": 1,
}
# Asynchronous events take the same way through the browser as those of a hand. They are marked as
# made up, or Firefox would drop some: of many moves in a row the page's process gets the last.
_FIREFOX_PLAYS = """
const [steps, zoom, done] = arguments;
const { left, top } = gBrowser.selectedBrowser.getBoundingClientRect();
const how = { isDOMEventSynthesized: true, isAsyncEnabled: true };
steps.forEach((step, i) => {
  const rest = i === steps.length - 1 ? [done] : [];
  if (step.touches) {
    const touches = step.touches.map(([identifier, x, y]) => ({
      identifier, offsetX: Math.round(left + x * zoom), offsetY: Math.round(top + y * zoom),
      radiiX: 1, radiiY: 1, pressure: 1,
    }));
    window.synthesizeTouchEvent("touch" + step.type, touches, 0, how, ...rest);
  } else {
    const buttons = step.what === "up" || step.what === "hover" ? 0 : 1;
    const data = { identifier: 0, button: 0, buttons, clickCount: 1, pressure: 0.5 };
    data.inputSource = step.pointer === "pen" ? 2 : 1;
    const [x, y] = [left + step.x * zoom, top + step.y * zoom];
    window.synthesizeMouseEvent("mouse" + step.type, x, y, data, how, ...rest);
  }
});
"""


class _Firefox(Engine):
    real = _can("down move up hover", "mouse pen") | _can("down move up cancel", "touch finger")

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._answers = self._socket.makefile("rb")
        self._hear()  # a greeting
        self._numbers = itertools.count(1)
        self._zoom = 1.0
        self._down: dict[str, list[float]] = {}  # touches
        self.ask("WebDriver:NewSession", {"capabilities": {}})
        self._window = self.ask("WebDriver:GetWindowHandle")

    def close(self) -> None:
        self._answers.close()
        self._socket.close()

    def _hear(self) -> Any:
        length = b""
        while (digit := self._answers.read(1)) != b":":
            if not digit:
                raise RuntimeError("Firefox has ended")
            length += digit
        return json.loads(self._answers.read(int(length)))

    def ask(self, command: str, parameters: dict[str, Any] | None = None) -> Any:
        """Send a command of Marionette, return what comes of it."""
        told = json.dumps([0, next(self._numbers), command, parameters or {}]).encode()
        self._socket.sendall(b"%d:%b" % (len(told), told))
        _, _, fault, result = self._hear()
        if fault:
            raise RuntimeError(f"{command}: {fault['error']}: {fault['message']}")
        return result["value"] if isinstance(result, dict) and "value" in result else result

    def _ask_browser(self, script: str, *arguments: Any) -> Any:
        """Run a script in the browser's own window."""
        self.ask("Marionette:SetContext", {"value": "chrome"})
        try:
            told = {"script": script, "args": list(arguments)}
            return self.ask("WebDriver:ExecuteAsyncScript", told)
        finally:
            self.ask("Marionette:SetContext", {"value": "content"})

    def open(self, address: str) -> None:
        self.ask("WebDriver:Navigate", {"url": address})

    def run(self, script: str, *arguments: Any) -> Any:
        script = f"const page = window.inkgradPage; {script}"
        told = {"script": script, "args": list(arguments), "newSandbox": False}
        return self.ask("WebDriver:ExecuteScript", told)

    def play(self, steps: Sequence[Step]) -> None:
        told = [self._in_words(step) for step in steps]
        self._ask_browser(_FIREFOX_PLAYS, told, self._zoom)

    def _in_words(self, step: Step) -> dict[str, Any]:
        told = {"what": step.what, "pointer": step.pointer, "x": step.x, "y": step.y}
        if step.pointer not in TOUCHES:
            return {**told, "type": {"hover": "move"}.get(step.what, step.what)}
        touch = [TOUCHES[step.pointer], step.x, step.y]
        if step.what in {"up", "cancel"}:
            self._down.pop(step.pointer)
            touches = [touch]
        else:
            self._down[step.pointer] = touch
            touches = list(self._down.values())
        types = {"down": "start", "up": "end"}
        return {**told, "type": types.get(step.what, step.what), "touches": touches}

    def resize(self, width: int, height: int) -> None:
        inner = self.run("return [outerWidth - innerWidth, outerHeight - innerHeight]")
        told = {"width": width + inner[0], "height": height + inner[1]}
        self.ask("WebDriver:SetWindowRect", told)

    def zoom(self, factor: float) -> None:
        self._zoom = factor
        script = (
            "const [factor, done] = arguments; gBrowser.selectedBrowser.fullZoom = factor; done()"
        )
        self._ask_browser(script, factor)


@contextlib.contextmanager
def firefox(**preferences: Any) -> Iterator[Engine]:
    """Start Firefox, with preferences of ``about:config`` (a point written as ``__``)."""
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if program is None:
        missing("Firefox is not installed (Debian: apt-get install firefox-esr)")
    chosen = {name.replace("__", "."): value for name, value in preferences.items()}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
            for name, value in {**_FIREFOX_PREFERENCES, **chosen}.items()
        ]
        Path(folder, "user.js").write_text("".join(lines))
        words = ["--headless", "--no-remote", "--profile", folder]
        words += ["--marionette", "--remote-allow-system-access"]
        with _running([program, *words], HOME=folder):
            port_file = Path(folder, "MarionetteActivePort")
            _wait_for(lambda: port_file.exists() and port_file.read_text(), "Firefox")
            with contextlib.closing(_Firefox(int(port_file.read_text()))) as engine:
                engine.tells_pens = not chosen.get("privacy.resistFingerprinting")
                yield engine


# WebKit


class _WebKit(Engine):
    real = _can("down move up", "mouse pen")
    bundles = True  # though it does not tell of it: every point is an event
    zooms = False

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._session = ""
        answer = self._ask("POST", "", {"capabilities": {}})
        self._session = f"/{answer['sessionId']}"

    def close(self) -> None:
        self._ask("DELETE", "")

    def _ask(self, method: str, path: str, parameters: dict[str, Any] | None = None) -> Any:
        answer = self._client.request(method, f"/session{self._session}{path}", json=parameters)
        value = answer.json()["value"]
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {value['error']}: {value['message']}")
        return value

    def open(self, address: str) -> None:
        self._ask("POST", "/url", {"url": address})

    def run(self, script: str, *arguments: Any) -> Any:
        script = f"const page = globalThis.inkgradPage; {script}"
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def play(self, steps: Sequence[Step]) -> None:
        for pointer, group in itertools.groupby(steps, lambda step: step.pointer):
            actions: list[dict[str, Any]] = []
            for step in group:
                for x, y in step.path:
                    move = {"type": "pointerMove", "duration": 0, "x": round(x), "y": round(y)}
                    actions.append(move)
                if step.what != "move":
                    actions.append({"type": f"pointer{step.what.capitalize()}", "button": 0})
            source = {"type": "pointer", "id": pointer, "actions": actions}
            source["parameters"] = {"pointerType": pointer}
            self._ask("POST", "/actions", {"actions": [source]})

    def resize(self, width: int, height: int) -> None:
        outer = self._ask("POST", "/window/rect", {"width": width, "height": height})
        inner = self.run("return [innerWidth, innerHeight]")
        more = {"width": width + outer["width"] - inner[0]}
        more["height"] = height + outer["height"] - inner[1]
        self._ask("POST", "/window/rect", more)

    def zoom(self, factor: float) -> None:
        self.run("document.documentElement.style.zoom = arguments[0]", factor)


@contextlib.contextmanager
def webkit() -> Iterator[Engine]:
    """Start the WebKit of GTK, in a screen that nobody sees."""
    for program, package in {"WebKitWebDriver": "webkit2gtk-driver", "Xvfb": "xvfb"}.items():
        if shutil.which(program) is None:
            missing(f"{program} is not installed (Debian: apt-get install {package})")
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        display = stack.enter_context(_screen())
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        surroundings = {"DISPLAY": display, "GDK_BACKEND": "x11", "HOME": folder}
        stack.enter_context(_running(["WebKitWebDriver", f"--port={port}"], **surroundings))
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE)
        stack.enter_context(client)
        _wait_for(lambda: _is_open(port), "WebKitWebDriver")
        yield stack.enter_context(contextlib.closing(_WebKit(client)))


@contextlib.contextmanager
def _screen() -> Iterator[str]:
    """Start an X server without a screen; give its name."""
    reader, writer = os.pipe()
    try:
        words = ["-displayfd", str(writer), "-screen", "0", "1280x1280x24", "-nolisten", "tcp"]
        with _running(["Xvfb", *words], pass_fds=[writer]):
            yield f":{os.read(reader, 16).decode().strip()}"
    finally:
        os.close(reader)
        os.close(writer)


# Processes


@contextlib.contextmanager
def _running(
    command: list[str], pass_fds: Sequence[int] = (), **surroundings: str
) -> Iterator[None]:
    nothing = subprocess.DEVNULL
    process = subprocess.Popen(
        command,
        env={**os.environ, **surroundings},
        pass_fds=pass_fds,
        stdout=nothing,
        stderr=nothing,
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(is_there: Any, name: str) -> None:
    end = time.monotonic() + PATIENCE
    while not is_there():
        if time.monotonic() > end:
            raise RuntimeError(f"{name} did not start within {PATIENCE:.0f} seconds")
        time.sleep(0.02)


def _is_open(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
