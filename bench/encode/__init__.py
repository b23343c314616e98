"""Benchmarks of the encode kernels, and peak rates of the device."""
