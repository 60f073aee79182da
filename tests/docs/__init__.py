"""Tests of the documentation: what it shows is executed, what it names exists."""
