"""Tests of tuning: on features that are made up."""
