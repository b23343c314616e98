"""Benchmarks of batch filtering: whole runs, and runs that go wrong."""
