"""Take the pictures of the page that README and docs show: ``python -m tests.web.screenshots``.

They are taken in Debian's Chromium, of the packaged model `seed` and the page's own examples.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from inkgrad.web import static_folder
from inkgrad.web.served import find_models
from tests.web.javascript import launch_chromium
from tests.web.pages import Hand, make_server, watched

OUT = Path(__file__).parents[2] / "docs" / "static"
WIDE, TALL = {"width": 1280, "height": 860}, {"width": 1280, "height": 1500}
PHONE = {"width": 390, "height": 844}
TAUGHT = "spiral"


def main() -> None:
    """Take and keep all pictures."""
    examples = _examples()
    with (
        launch_chromium() as browser,
        make_server(find_models("seed", engine="reference")) as home,
    ):

        def take(name: str, act: Callable[[Hand], Any], *, dark: bool = False, **options: Any):
            size = options.pop("viewport", WIDE)
            colours = "dark" if dark else "light"
            with watched(
                browser, home, viewport=size, color_scheme=colours, reduced_motion="reduce",
                device_scale_factor=2, **options,
            ) as page:  # fmt: skip
                act(Hand(page))
                page.mouse.move(2, 2)
                page.wait_for_timeout(600)
                _keep(name, page.screenshot())

        def draw(hand: Hand) -> None:
            hand.draw(examples["elephant"][0])
            hand.wait()

        def think(hand: Hand) -> None:
            draw(hand)
            hand.open("Think")
            hand.page.wait_for_timeout(500)
            _point_at_a_cell(hand.page)

        def why(hand: Hand) -> None:
            hand.draw(examples["zebra"][0])
            hand.open("Think")
            hand.page.locator(".why summary").click()
            hand.page.wait_for_timeout(500)
            hand.page.locator(".why:not(.stale)").wait_for()
            hand.page.locator(".why").evaluate("(e) => scrollTo(0, e.offsetTop - 16)")

        def learn(hand: Hand) -> None:
            hand.draw(examples["dog"][0])
            hand.open("Learn")
            hand.answer("cat")
            hand.page.get_by_role("button", name="Take a step").click()
            hand.page.wait_for_timeout(1500)

        def teach(hand: Hand) -> None:
            hand.teach(TAUGHT, _spirals())
            hand.draw(_spirals()[0])
            hand.wait()

        for dark in (False, True):
            suffix = "-dark" if dark else ""
            take(f"page-draw{suffix}", draw, dark=dark)
            take(f"page-think{suffix}", think, dark=dark)
            take(f"page-learn{suffix}", learn, dark=dark, viewport=TALL)
            take(f"page-teach{suffix}", teach, dark=dark)
        take("page-why", why)
        phone = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
        take("page-phone", draw, **phone)
        take("page-phone-learn", learn, dark=True, **phone)


def _point_at_a_cell(page: Any) -> None:
    """Open the arithmetic of a cell in the second convolution's maps."""
    maps = page.locator("#think .mosaic:not(.loupe)").nth(4)
    maps.scroll_into_view_if_needed()
    box = maps.bounding_box()
    maps.click(position={"x": 0.42 * box["width"], "y": 0.07 * box["height"]})
    page.evaluate("window.scrollBy(0, -60)")


def _examples() -> dict[str, Any]:
    """Return the page's examples, by class."""
    node = shutil.which("node")
    if node is None:
        raise SystemExit("node is not installed; it reads the page's examples")
    module = (static_folder() / "page/examples.js").as_uri()
    script = f"import {{ EXAMPLES }} from '{module}'; console.log(JSON.stringify(EXAMPLES));"
    command = [node, "--input-type=module", "-e", script]
    return json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def _spirals() -> list[Any]:
    """Return twelve drawings of what the model is taught."""
    from tests.web.drawings import spirals

    return spirals(12, seed=5)


def _keep(name: str, png: bytes) -> None:
    """Write a picture in few colours, which it has anyhow: a third of the bytes."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture = picture.quantize(128, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    picture.save(OUT / f"{name}.png", optimize=True)
    print(f"{name}.png {(OUT / f'{name}.png').stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
