"""Benchmarks on full-size stand-ins with random weights: loading, classifying, filtering."""
