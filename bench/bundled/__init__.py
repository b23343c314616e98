"""Benchmarks of the bundled classifiers, and the tables of what they are worth."""
