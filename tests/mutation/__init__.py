"""Tests of damaged code, which some test must notice."""
