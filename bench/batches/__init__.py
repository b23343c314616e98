"""Benchmark of batches: padding, and the cost of a token by the size of its batch."""
