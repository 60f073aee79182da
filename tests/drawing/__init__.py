"""Tests of `inkgrad.drawing`."""
