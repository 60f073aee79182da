"""Tests of whole networks, carried out."""
