"""Fitting a classifier on labelled rows."""
