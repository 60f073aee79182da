"""Tests of `inkgrad.insight`."""
