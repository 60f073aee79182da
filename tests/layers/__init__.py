"""Tests of the book, proved by loops, numerical derivatives and adjoints."""
