"""Versions of classifiers on disk, and the process that makes new ones."""
