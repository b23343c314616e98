"""Peak memory of a benchmark's process."""

from __future__ import annotations

from scopesift_features.checks.provenance import peak_memory

from bench.errors import BenchError


def peak_mib() -> float:
    """Peak resident memory of this process so far, MiB.

    Raises:
        BenchError: The operating system does not say.
    """
    peak = peak_memory()
    if peak is None:
        raise BenchError("expected an operating system that counts peak memory; run this on Linux or macOS")
    return peak / 2**20
