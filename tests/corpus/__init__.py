"""Odd files, and what must come of each: see `expectations.py`."""
