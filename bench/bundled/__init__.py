"""Benchmarks of the bundled classifiers, and the tables of their quality."""
