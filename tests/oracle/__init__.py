"""Tests of agreement with frameworks from outside."""
