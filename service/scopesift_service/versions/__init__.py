"""Versions of classifiers on disk, and the transfer process that makes new ones."""
