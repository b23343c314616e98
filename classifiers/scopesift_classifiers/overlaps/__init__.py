"""Overlap of data sets: which features each uses, which they share, and which make the difference."""
