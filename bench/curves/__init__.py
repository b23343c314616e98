"""Benchmark of what a text costs: by length, batch, classifiers, features, threads and blocks, beside other systems."""
