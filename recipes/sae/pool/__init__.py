"""Residuals of a text corpus, in a bounded number of chunks on disk."""
