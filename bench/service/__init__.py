"""Benchmarks of the service: time, memory, minutes of load."""
