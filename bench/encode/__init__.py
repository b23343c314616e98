"""Benchmarks of the encode kernels, and what a device can do at most."""
