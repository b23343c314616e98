"""Labelled rows: reading, splits and sampling."""
