"""Benchmarks of batch filtering: throughput of whole runs, and fault injection."""
