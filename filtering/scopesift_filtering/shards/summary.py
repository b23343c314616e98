"""Summary of a finished shard: counts by label, language and reason, and sample rows."""

from __future__ import annotations

from collections import Counter
from typing import Any

from scopesift_files.row_readers.row import Row

from scopesift_filtering.shards.marker import Marker
from scopesift_filtering.shards.result import ShardResult

SAMPLES = 3
SAMPLE_CHARS = 300
HISTOGRAM = 20


def make_marker(result: ShardResult, run: str, hashes: dict[str, str]) -> Marker:
    """Make the marker of a shard.

    Args:
        result: the classified shard.
        run: digest of the run's identity.
        hashes: SHA-256 of the shard's files.
    """
    rows, ours = result.rows, result.ours
    counts: dict[str, dict[str, int]] = {}
    for name in ours.column_names:
        column = ours.column(name).drop_null()  # of rows that were dropped early
        kind = str(column.type)
        if kind == "string":
            counts[f"label of {name}"] = _counted(column.to_pylist())
        elif kind == "double" and not name.endswith("_threshold"):
            bins = [min(int(value * HISTOGRAM), HISTOGRAM - 1) for value in column.to_pylist()]
            counts[f"score of {name}"] = _counted(f"{at / HISTOGRAM:.2f}" for at in bins)
        elif kind == "bool":
            counts[f"flag of {name}"] = _counted(str(value).lower() for value in column.to_pylist())
    if "lang" in ours.column_names:
        kept = set(result.kept)
        status = ["kept" if number in kept else "dropped" for number in result.judged]
        pairs = zip(ours.column("lang").to_pylist(), status, strict=True)
        counts["kept or dropped by lang"] = _counted(f"{code} {word}" for code, word in pairs)
    counts["reason of dropped"] = _counted(
        reason for reasons in result.dropped.values() for reason in reasons
    )
    counts["reason of rejected"] = _counted(row.reason for row in rows if row.reason)
    samples: dict[str, list[dict[str, Any]]] = {
        "kept": [{"text": _shown(rows[at])} for at in result.kept[:SAMPLES]],
        "dropped": [
            {"text": _shown(rows[at]), "reasons": reasons}
            for at, reasons in list(result.dropped.items())[:SAMPLES]
        ],
    }
    return Marker(
        shard=result.shard.name,
        run=run,
        content=result.shard.content,
        first=f"{rows[0].file}:{rows[0].number}",
        rows=len(rows),
        kept=len(result.kept),
        dropped=len(result.dropped),
        rejected=sum(bool(row.reason) for row in rows),
        chars=sum(ours.column("chars").to_pylist()),
        tokens=sum(ours.column("tokens").to_pylist()),
        places=result.places,
        disk_bytes=result.shard.disk_bytes,
        files=hashes,
        counts=counts,
        samples=samples,
    )


def _shown(row: Row) -> str:
    return row.text[:SAMPLE_CHARS].encode("utf-8", "replace").decode()


def _counted(values: Any) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))
