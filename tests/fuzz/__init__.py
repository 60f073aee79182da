"""Damaged input of every kind, drawn by chance: only the documented errors may come out."""
