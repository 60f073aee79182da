"""Tests of `inkgrad.web`."""
