"""Insight: how good a network is, whether its mathematics is right, and a report to look at."""
