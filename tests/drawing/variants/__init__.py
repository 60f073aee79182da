"""Tests of the variants of drawings."""
