"""Tests of `inkgrad.terminal`."""
