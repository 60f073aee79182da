"""How many random cases the slow tests draw: `make test-slow THOROUGH=10` draws ten times as many.

What a test finds in a hundred random cases, the next thousand seldom add to. So continuous
integration draws the hundred, and whoever changes what is tested draws more by hand.
"""

from __future__ import annotations

import os

__all__ = ["THOROUGH"]

THOROUGH = int(os.environ.get("THOROUGH", "1"))
"""By how much the number of random cases is multiplied: 1 or more."""
