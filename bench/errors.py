"""What stops a benchmark."""


class BenchError(RuntimeError):
    """Something is missing, or what was measured is wrong; the message says what, and what to do."""
