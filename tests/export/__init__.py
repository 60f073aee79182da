"""Tests of inkgrad.export."""
