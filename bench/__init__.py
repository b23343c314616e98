"""Benchmarks: one command a table. Results are JSON under `bench/results/`; the README's tables come from them."""
