"""Settings on which the output of a shard depends, besides its content and the classifiers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from scopesift_features.reading.batching.batches import CPU_BATCH_TOKENS, default_batch_tokens
from scopesift_files.errors import UsageError

MODES = ("attributes", "split", "both")
COMPRESSIONS = ("zst", "gz", "none")
RECORDS, DOLMA = "records", "dolma"
ROW_BYTES = 1024  # size of an ordinary row; shards of longer rows hold fewer
THREADS = 1  # one per worker: small products gain nothing from more threads, and the output stays the same


@dataclass(frozen=True)
class FilterSettings:
    """How rows are read, classified and written.

    Batches don't span shards, so a shard's output only depends on its rows, these sizes and the number of threads per
    matrix product, which are therefore part of the run's identity.

    Attributes:
        text: column that holds the text.
        where: SQL condition that a kept row meets; empty: every row that can be read.
        thresholds: score column -> language or "default" -> the score from which on a row is dropped.
        mode: "attributes" (scores of every row), "split" (kept and dropped rows), or "both".
        attributes_format: "records" (a record per row), or "dolma" (also files that dolma's mixer reads).
        max_chars: longer texts are rejected.
        max_row_bytes: longer rows are rejected without being parsed.
        shard_rows: maximum rows of a shard.
        shard_bytes: a shard ends with the row that reaches this many bytes.
        batch_tokens: maximum tokens of a batch, including padding.
        threads: threads that work on a batch.
        compression: of JSONL outputs; Parquet outputs use zstd.
        limit: read no more than this many rows; 0: all.
        early_drop: whether rows that shallow classifiers rule out are dropped without running deeper blocks.
    """

    text: str = "text"
    where: str = ""
    thresholds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    mode: str = "split"
    attributes_format: str = RECORDS
    max_chars: int = 1_000_000
    max_row_bytes: int = 64 * 2**20
    shard_rows: int = 1024
    shard_bytes: int = 1024 * ROW_BYTES
    batch_tokens: int = CPU_BATCH_TOKENS
    threads: int = THREADS
    compression: str = "zst"
    limit: int = 0
    early_drop: bool = False

    def __post_init__(self) -> None:
        choices = {"mode": MODES, "compression": COMPRESSIONS, "attributes_format": (RECORDS, DOLMA)}
        for name, known in choices.items():
            if getattr(self, name) not in known:
                option = f"--{name.replace('_', '-')}"
                raise UsageError(f"{option} is one of {', '.join(known)}, not {getattr(self, name)!r}")
        if self.dolma and not self.scores:
            raise UsageError(
                "--attributes-format dolma needs --mode attributes or both; split writes no attributes"
            )
        if self.dolma and self.limit:
            raise UsageError("--attributes-format dolma writes a line for every document; leave out --limit")

        if self.early_drop and self.scores:
            raise UsageError("--early-drop is for --mode split; attributes hold every score of every row")

    @property
    def splits(self) -> bool:
        """Whether kept and dropped rows are written."""
        return self.mode != "attributes"

    @property
    def scores(self) -> bool:
        """Whether attributes are written."""
        return self.mode != "split"

    @property
    def dolma(self) -> bool:
        """Whether attributes are written for dolma's mixer too."""
        return self.attributes_format == DOLMA

    def on_device(self, device: str) -> FilterSettings:
        """The settings for a scope on this device: batches are larger on an accelerator."""
        return self if device == "cpu" else replace(self, batch_tokens=default_batch_tokens(device))

    def to_dict(self) -> dict[str, Any]:
        """The settings as JSON values."""
        content = asdict(self)
        content["thresholds"] = {name: dict(value) for name, value in self.thresholds.items()}
        if not self.early_drop:  # so that runs from before there was this setting can be resumed
            del content["early_drop"]
        return content
