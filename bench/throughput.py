"""`python -m bench throughput`: documents a second on full-size random backbones, cut at three depths."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from bench.case_process import run_case
from bench.load_standin import QUICK, SIZES, write_standin
from bench.markdown import markdown
from bench.results_file import StoredRows

SHARES = (0.25, 0.5, 0.75)
DOCUMENTS, CPU_DOCUMENTS = 2048, 8


def run(out: Path | None = None, quick: bool = False, models: Sequence[str] = ()) -> None:
    """Measure each model at each depth in a process of its own, and print the table.

    Args:
        out: Folder for the JSON; None: `bench/results/`.
        quick: A hundredth of the size: shows that it runs.
        models: Names in `SIZES`; none: the smallest.
    """
    stored = StoredRows(f"throughput{'-quick' if quick else ''}", out)
    documents = DOCUMENTS if torch.cuda.is_available() else CPU_DOCUMENTS
    for model in models or [next(iter(SIZES))]:
        blocks = (QUICK if quick else SIZES[model]).layers
        layers = [round(share * blocks) - 1 for share in SHARES]
        with tempfile.TemporaryDirectory() as place:
            folder = write_standin(Path(place) / "stand-in", layers, quick=quick, model=model, cut=True)
            for share, layer in zip(SHARES, layers, strict=True):
                stored.put(
                    f"{model}, cut at {share:.0%} of its depth",
                    run_case("throughput_case", folder, layer, documents),
                )
    print(table(stored.result()))


def table(found: dict[str, Any]) -> str:
    """The result as Markdown."""
    header = [
        "backbone", "block", "documents/s: backbone alone", "scorer", "filter", "classify",
        "filter's time / backbone's", "backbone TFLOP/s", "one short text, ms", "peak MiB",
    ]  # fmt: skip
    rows = [
        [
            name,
            str(row["layer"]),
            *(
                f"{row['documents_per_s'][part]:,.0f}"
                for part in ("backbone", "scorer", "filter", "classify")
            ),
            f"{row['over_backbone']['filter']:.2f}",
            f"{row['backbone_tflops']:.1f}",
            f"{row['short_text_ms']:.1f}",
            f"{row['peak_mib']:,.0f}",
        ]
        for name, row in found["rows"].items()
    ]
    return markdown(header, rows) + f"\n\nDocuments of 256 tokens, random weights; {found['device']}."
