"""Tests of the engine whose kernels are compiled."""
