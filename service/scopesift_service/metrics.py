"""Metrics of /metrics; labels have few values, independent of what clients send.

Engine and HTTP processes write into one folder (`PROMETHEUS_MULTIPROC_DIR`, set by `bentoml serve`), and any HTTP
process sums them up.
"""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
TOKENS = (16, 64, 256, 1024, 4096, 16384, 65536)

requests = Counter("scopesift_requests_total", "Answers sent.", ["route", "status"])
request_seconds = Histogram(
    "scopesift_request_seconds", "From the request's first byte to its response.", ["route"], buckets=SECONDS
)
in_flight = Gauge("scopesift_requests_in_flight", "Calls in flight.", multiprocess_mode="livesum")
queue_seconds = Histogram(
    "scopesift_queue_seconds", "From sending a text to the engine until its batch started.", buckets=SECONDS
)
engine_seconds = Histogram("scopesift_engine_seconds", "Time of one batch in the engine.", buckets=SECONDS)
batch_texts = Histogram("scopesift_batch_texts", "Texts of one batch.", buckets=TEXTS)
batch_tokens = Histogram("scopesift_batch_tokens", "Tokens of one batch without padding.", buckets=TOKENS)
verdicts = Counter("scopesift_verdicts_total", "Verdicts given.", ["classifier", "label"])
texts_failed = Counter("scopesift_texts_failed_total", "Texts that the engine could not read.")
version_failures = Counter(
    "scopesift_version_failures_total",
    "Versions that could not be loaded; the previous one stayed in use.",
    ["classifier"],
)
classifier_info = Gauge(
    "scopesift_classifier_info",
    "1 for the version in use.",
    ["classifier", "version"],
    multiprocess_mode="livemax",
)


def exposition() -> tuple[bytes, str]:
    """All metrics of all processes in Prometheus' text format, and its content type."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
    forget_dead(Path(folder))
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    return generate_latest(registry), CONTENT_TYPE_LATEST


def forget_dead(folder: Path) -> None:
    """Remove the live gauges of processes that were killed."""
    for path in folder.glob("gauge_live*_*.db"):
        pid = path.stem.rsplit("_", 1)[-1]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            path.unlink(missing_ok=True)
