"""Labelled rows, and how parts of them are drawn."""
