"""All GPU checks and benchmarks in one command."""
