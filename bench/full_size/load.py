"""`python -m bench load`: what cutting the backbone saves, on a full-size stand-in for Qwen3-1.7B."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from bench.case_process import run_case
from bench.full_size.standin import write_standin
from bench.results_file import write_result

LAYERS = [6, 14]


def run(out: Path | None = None, quick: bool = False) -> None:
    """Measure load time, peak memory of the whole process and tokens/s, uncut and cut at blocks 6 and 14.

    Args:
        out: folder for the JSON; None: `bench/results/`.
        quick: a stand-in of a hundredth of the size, as a smoke test.

    Raises:
        BenchError: a case failed.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = write_standin(Path(place) / "stand-in", LAYERS, quick=quick)
        disk = sum(path.stat().st_size for path in folder.rglob("*.safetensors"))
        tokens = 1000 if quick else 4000
        rows = [
            {"cut": cut, **run_case("full_size.load_case", folder, cut, tokens)}
            for cut in ("uncut", *map(str, LAYERS))
        ]
    uncut = rows[0]
    for row in rows:
        row["peak_share"] = round(row["peak_mib"] / uncut["peak_mib"], 3)
        row["load_share"] = round(row["load_s"] / uncut["load_s"], 3)
    result = {
        "model": "random Qwen3-1.7B in its real configuration, W32K SAE, k 50, float32 on the CPU",
        "weights_mib_on_disk": round(disk / 2**20),
        "rows": rows,
    }
    path = write_result(f"load{'-quick' if quick else ''}", result, out)
    print(table(result))
    print(f"\nwritten: {path}")


def table(result: dict[str, Any]) -> str:
    """The result as a Markdown table."""
    lines = [
        "| cut after block | peak memory, MiB | of uncut | load, s | of uncut | tokens/s |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['cut']} | {row['peak_mib']} | {row['peak_share']:.2f} | {row['load_s']:.1f} | "
        f"{row['load_share']:.2f} | {row['tokens_per_s']:.0f} |"
        for row in result["rows"]
    ]
    return "\n".join(lines)
