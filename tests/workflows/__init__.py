"""Tests of `inkgrad.workflows`."""
