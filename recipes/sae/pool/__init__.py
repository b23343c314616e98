"""Residuals of a text corpus, a bounded number of chunks of them on disk."""
