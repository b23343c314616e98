"""Whole files or none, one lock, and the errors that a person sees: what every other part stands on."""
