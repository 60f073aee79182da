"""Draw the picture of `inkgrad explain` in the docs: ``python docs/make_explanation.py [MODEL]``.

It explains a built-in doodle, not a drawing of the data set.
"""

from __future__ import annotations

import sys
from pathlib import Path

import inkgrad
from inkgrad.insight.attribution import draw_explanation
from inkgrad.quickdraw.doodles import doodles

OUT = Path(__file__).parent / "static" / "explain.png"


def main() -> None:
    """Draw and save the picture."""
    model = sys.argv[1] if len(sys.argv) > 1 else "seed"
    ((zebra,), _) = doodles(["zebra"], 1, seed=42)
    source = f"model {Path(model).stem} · a built-in doodle"
    OUT.write_bytes(draw_explanation(inkgrad.explain(model, zebra), source))
    print(f"{OUT}: {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
