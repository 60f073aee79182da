"""Tests of the room quickdraw."""
