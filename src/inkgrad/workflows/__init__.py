"""Workflows: what each command does, as a function: from the drawings to the result."""
