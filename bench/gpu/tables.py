"""Tables of `python -m bench gpu`, or a note if it was not run yet."""

from __future__ import annotations

from typing import Any

from bench.encode import stages as encode_stages
from bench.encode import tables as encode_tables
from bench.full_size import throughput
from bench.results_file import RESULTS, stored

UNMEASURED = "Not measured: no GPU has run `python -m bench gpu` yet."


def encode() -> str:
    """Both encodes beside their peers, as ratios to the bare product, and the device's own rates."""
    if not (RESULTS / "encode-gpu.json").is_file():
        return UNMEASURED
    content = stored("encode-gpu")
    versions = ", ".join(f"{name} {version}" for name, version in content["versions"].items())
    about = f"{content['device']}, {_when(content)}; {versions}."
    parts = [
        encode_tables.full_table(content),
        encode_tables.selected_table(content),
        encode_tables.memory_line(content),
        about,
    ]
    if (RESULTS / "device-gpu.json").is_file():
        rates = stored("device-gpu")
        parts.append(
            f"The device itself: bare bf16 product {rates['gemm_tflops']:,.0f} TFLOP/s, "
            f"copy {rates['copy_gb_per_s']:,.0f} GB/s."
        )
    return "\n\n".join(parts)


def stages() -> str:
    """Where the time of both encodes goes, by kernel."""
    if not (RESULTS / "encode-stages-gpu.json").is_file():
        return UNMEASURED
    content = stored("encode-stages-gpu")
    about = f"{content['device']}, {content['date']}, commit {content['commit']}."
    return f"{encode_stages.table(content['rows'])}\n\n{about}"


def whole_runs() -> str:
    """Documents per second on full-size random backbones."""
    if not (RESULTS / "throughput-gpu.json").is_file():
        return UNMEASURED
    content = stored("throughput-gpu")
    return f"{throughput.table(content)} {_when(content)}."


def _when(content: dict[str, Any]) -> str:
    """The dates and commits of the rows, which may be of several runs."""
    found = sorted({(row["date"], row["commit"]) for row in content["rows"].values()})
    return "; ".join(f"{date}, commit {commit}" for date, commit in found)
