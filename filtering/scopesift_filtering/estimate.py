"""--dry-run: estimates a run's result and duration from a sample, without writing."""

from __future__ import annotations

import time
from dataclasses import dataclass

from scopesift_filtering.engines.local import shards_of, worker_count
from scopesift_filtering.run_plan import RunPlan
from scopesift_filtering.shards.shard import Shard
from scopesift_filtering.shards.work import judge_shard

SAMPLE_ROWS = 256


@dataclass(frozen=True)
class Estimate:
    """An extrapolation from a sample of rows.

    Attributes:
        sampled: rows of the sample, the first ones of the input.
        rejected: unreadable rows in it.
        kept: rows in it that meet the condition.
        tokens: its tokens.
        rows: estimate for the whole input; None if file sizes are unknown.
        seconds: estimate for the whole input on this machine; None if file sizes are unknown.
    """

    sampled: int
    rejected: int
    kept: int
    tokens: int
    rows: int | None
    seconds: float | None


def estimate(plan: RunPlan) -> Estimate | None:
    """Classify the first rows and extrapolate; None for an empty input."""
    first = next(shards_of(plan), None)
    if first is None:
        return None
    rows = first.rows[:SAMPLE_ROWS]
    shard = Shard(first.group, 0, first.format, rows)
    reader = plan.engine.reader.without_places()
    steps = plan.engine, reader, plan.judge, shard, plan.settings, plan.early
    judge_shard(*steps)  # warm-up: the first run is slower
    started = time.perf_counter()
    result = judge_shard(*steps)
    seconds = time.perf_counter() - started
    total = _total_rows(plan, first)
    return Estimate(
        sampled=len(rows),
        rejected=sum(bool(row.reason) for row in result.rows),
        kept=len(result.kept),
        tokens=sum(result.ours.column("tokens").to_pylist()),
        rows=total,
        seconds=None if total is None else seconds / len(rows) * total / worker_count(plan),
    )


def _total_rows(plan: RunPlan, first: Shard) -> int | None:
    """Rows of the input: from the footers of Parquet files, otherwise from the sample's bytes per row."""
    if any(file.size < 0 for file in plan.files):
        return None
    size = sum(file.size for file in plan.files)
    if first.format == "parquet":
        counted = [file for file in plan.files if file.format == "parquet"]
        rows = sum(_parquet_rows(file.url) for file in counted)
        found = round(rows * size / max(sum(file.size for file in counted), 1))
    else:
        read = sum(len(row.raw) + 1 for row in first.rows)
        packed = 0.35 if plan.files[0].url.lower().endswith((".gz", ".zst")) else 1.0
        found = round(len(first.rows) * size / packed / max(read, 1))
    found = max(found, len(first.rows))
    return min(found, plan.settings.limit) if plan.settings.limit else found


def _parquet_rows(url: str) -> int:
    """Rows according to the footer; 1 for a damaged file, which is one rejected row."""
    import fsspec
    import pyarrow
    import pyarrow.parquet as pq

    try:
        with fsspec.open(url, "rb") as handle:
            return int(pq.ParquetFile(handle).metadata.num_rows)
    except (pyarrow.ArrowException, OSError):
        return 1
