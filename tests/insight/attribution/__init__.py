"""Tests of inkgrad.insight.attribution."""
