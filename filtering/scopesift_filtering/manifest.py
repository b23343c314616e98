"""manifest.json: the run's settings, inputs and results."""

from __future__ import annotations

import importlib.metadata
import platform
from datetime import UTC, datetime
from typing import Any

from scopesift_files.atomic import write_json

from scopesift_filtering.run_plan import RunPlan
from scopesift_filtering.tally import Tally

PACKAGES = ("scopesift", "torch", "transformers", "tokenizers", "duckdb", "pyarrow", "zstandard", "ray")


def write_manifest(plan: RunPlan, tally: Tally, *, engine: str) -> None:
    """Write the manifest of a finished run; only the manifest and the report contain times."""
    write_json(plan.out / "manifest.json", manifest(plan, tally, engine=engine))


def manifest(plan: RunPlan, tally: Tally, *, engine: str) -> dict[str, Any]:
    """The manifest as JSON values."""
    return {
        "run": plan.record.digest,
        **plan.record.content,
        "input_bytes": {file.url: file.size for file in plan.files},
        "unread_files": plan.unread,
        "versions": {"python": platform.python_version(), **_versions()},
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "shards": tally.shards,
        "rows": {
            "in": tally.rows,
            "kept": tally.kept,
            "dropped": tally.dropped,
            "rejected": tally.rejected,
        },
        "counts": {table: dict(sorted(counted.items())) for table, counted in sorted(tally.counts.items())},
        "chars": tally.chars,
        "tokens": tally.tokens,
        "throughput": {
            "engine": engine,
            "rows_done_earlier": tally.earlier,
            "seconds": round(tally.seconds, 3),
            "rows_per_s": round(tally.docs_per_s, 1),
            "tokens_per_s": round(tally.tokens_per_s, 1),
        },
        "files": dict(sorted(tally.outputs.items())),
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
