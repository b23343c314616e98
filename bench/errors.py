"""The error of benchmarks."""


class BenchError(RuntimeError):
    """Something is missing, or a measured result is wrong; the message says what, and what to do."""
