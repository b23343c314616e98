"""Versions of classifiers on disk: which is in use, who made them and how far that is, and moderators' suggestions."""
