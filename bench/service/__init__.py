"""Benchmarks of the service: time, memory, soak test."""
