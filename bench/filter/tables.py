"""The tables of docs/filtering.md, from results of `python -m bench filter` and `filter-faults`."""

from __future__ import annotations

import json
from typing import Any

from bench.markdown import markdown
from bench.results_file import RESULTS, stored

TERABYTE = 10**12
NOT_YET = "*Not measured yet: `python -m bench {} --data …`.*"


def throughput(found: dict[str, Any] | None = None) -> str:
    """Throughput against the backbone alone, padding, memory; of the given or the committed result."""
    found = found or _stored("filter")
    if not found:
        return NOT_YET.format("filter")
    header = [
        "run", "documents", "documents/s", "tokens/s", "backbone alone, tokens/s", "ratio",
        "ratio to the backbone as one worker on all cores", "encode over backbone", "padding",
        "peak above the model, MiB",
    ]  # fmt: skip
    rows = [
        [
            name,
            f"{row['rows']:,}",
            f"{row['rows_per_s']:,.0f}",
            f"{row['tokens_per_s']:,.0f}",
            f"{row['forward_tokens_per_s']:,.0f}",
            f"**{row['ratio']:.2f}**",
            f"{row['ratio_to_one_worker_on_all_cores']:.2f}",
            f"{row['parts_s']['model: encode'] / row['parts_s']['model: backbone']:.2f}",
            f"{row['padding']:.1%}",
            f"{row['peak_above_model_mib']:,}",
        ]
        for name, row in found["rows"].items()
    ]
    return markdown(header, rows) + f"\n\nOn {_machine(found)}."


def memory() -> str:
    """Peak memory by number and length of documents, of the committed results."""
    return "\n\n".join(memory_of(stored(f"filter-memory-{scope}-cpu")) for scope in ("e5", "nano"))


def memory_of(found: dict[str, Any]) -> str:
    """Peak memory by number and length of documents, of one scope."""
    rows = [
        [
            name,
            f"{row['documents']:,}",
            f"{row['tokens']:,}",
            f"{row['seconds']:,.0f}",
            f"{row['loaded_mib']:,}",
            f"{row['peak_above_model_mib']:,}",
        ]
        for name, row in sorted(found["rows"].items(), key=lambda item: "characters" in item[0])
    ]
    header = ["file", "documents", "tokens", "s", "model loaded, MiB", "peak above it, MiB"]
    return markdown(header, rows) + f"\n\nOn {_machine(found)}."


def filter_cost() -> str:
    """Time for 1 TB of text, computed from the measured rates."""
    found = _stored("filter")
    if not found:
        return NOT_YET.format("filter")
    header = ["scope", "text bytes/s per machine (measured)", "machine-hours for 1 TB (computed)"]
    header += ["on 64 such machines, hours (computed)"]
    rows = []
    for name, row in found["rows"].items():
        if name == "a tenth":
            continue
        pace = row["input_bytes"] / row["seconds"]
        hours = TERABYTE / pace / 3600
        rows.append([name, f"{pace:,.0f}", f"{hours:,.0f}", f"{hours / 64:,.0f}"])
    return markdown(header, rows) + (
        f"\n\nComputed as 10^12 bytes of text divided by the bytes/s above, measured on {_machine(found)}; "
        "reading over a network, start-up and uneven files are not in it. The full-size stand-in's tokenizer makes a "
        "token of every byte, a real one of several bytes: read its line per token. Multiply machine-hours by what one "
        "costs you."
    )


def faults() -> str:
    """Injected faults and outcomes."""
    found = _stored("filter-faults")
    if not found:
        return NOT_YET.format("filter-faults")
    rows = [[row["what"], row["outcome"]] for row in found["rows"].values()]
    return markdown(["fault", "outcome"], rows)


def _machine(found: dict[str, Any]) -> str:
    return f"{found['cores']} cores of {found['device']}"


def _stored(name: str) -> dict[str, Any]:
    path = RESULTS / f"{name}-cpu.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return content
