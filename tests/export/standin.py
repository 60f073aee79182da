"""A small site in the place of the drawing page: the same entry, a worker, one file a kind."""

from __future__ import annotations

import shutil
from pathlib import Path

from inkgrad.web import static_folder

__all__ = ["STANDIN", "write_site"]

STANDIN = {
    "page/index.html": """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>stand-in ✓</title>
<link rel="icon" href="static/page/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="static/page/style.css">
</head>
<body>
<h1>Stand-in</h1>
<p id="answer"></p>
<p><a href="https://example.org/">whose it is</a></p>
<script type="module" src="static/page/main.js"></script>
</body>
</html>
""",
    "page/style.css": """/* Red. */
h1::before {
    content: "/* ✓ */";
    color: rgb(255, 0, 0);
}
""",
    "page/icon.svg": '<svg xmlns="http://www.w3.org/2000/svg"/>',
    "page/app.js": """/** Asks the worker what it sees in the models. */
import { rint } from "../drawing/numbers.js";

export async function start({ makeWorker, models }) {
  const worker = makeWorker();
  const found = [];
  for (const { name, classes, bytes } of models) {
    worker.postMessage(await bytes());
    const [size, sum] = await new Promise((tell, fail) => {
      worker.onmessage = ({ data }) => tell(data);
      worker.onerror = fail;
    });
    found.push({ name, classes, size, sum, two: rint(2.5) });
  }
  document.getElementById("answer").textContent = JSON.stringify(found);
}
""",
    "page/worker.js": """import { rint } from "../drawing/numbers.js";

self.onmessage = ({ data }) => {
  let sum = 0;
  for (const byte of data) sum = (31 * sum + byte) % 1_000_003;
  self.postMessage([rint(data.length), sum]);
};
""",
}


def write_site(folder: Path, **changed: str) -> Path:
    """Write the stand-in, some of its files changed (`index_html` for ``page/index.html``)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("drawing/numbers.js", "page/unpack.js", "page/exported.js"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(static_folder() / name, folder / name)
    files = {
        **STANDIN,
        **{f"page/{name.replace('_', '.')}": text for name, text in changed.items()},
    }
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    return folder
