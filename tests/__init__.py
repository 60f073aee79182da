"""Tests, mirroring the rooms of `src/inkgrad`."""
