"""Toxic and clean texts in the spellings of people who evade a filter."""
