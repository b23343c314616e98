"""`python -m bench throughput`: documents per second, on full-size random backbones cut at three depths, and on e5."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from scopesift_features.catalogue.table import DEFAULT_SCOPE

from bench.case_process import run_case
from bench.errors import BenchError
from bench.full_size.standin import STANDINS, write_record, write_standin
from bench.markdown import markdown
from bench.results_file import StoredRows

CASES = ((0.5, "float32"), (0.5, "bfloat16"), (0.25, "float32"), (0.75, "float32"))
"""Depth of the cut as a share of the backbone's, and the precision of the SAE."""
COMPILED = (0.25, "float32")
E5_DTYPES = ("float32", "bfloat16")
DOCUMENTS, CPU_DOCUMENTS = 1024, 8


def run(out: Path | None = None, quick: bool = False, models: Sequence[str] = ()) -> None:
    """Measure each model at each depth in a separate process, and print the table.

    Args:
        out: Folder for the JSON; None: `bench/results/`.
        quick: A hundredth of the size, as a smoke test.
        models: Names in `STANDINS`, or "e5", which is cut at the deepest layer of its bundled classifiers; empty: the
            first.

    Raises:
        BenchError: unknown name, or a case failed.
    """
    unknown = sorted(set(models) - {*STANDINS, DEFAULT_SCOPE})
    if unknown:
        raise BenchError(f"no model {unknown[0]!r}; there are {', '.join((*STANDINS, DEFAULT_SCOPE))}")
    stored = StoredRows(f"throughput{'-quick' if quick else ''}", out)
    on_gpu = torch.cuda.is_available()
    documents = DOCUMENTS if on_gpu and not quick else CPU_DOCUMENTS
    for model in models or [next(iter(STANDINS))]:
        if model == DEFAULT_SCOPE:
            for dtype in E5_DTYPES:
                name = f"{model} with its classifiers, in {dtype}"
                print(f"measuring {name}", file=sys.stderr)
                stored.put(name, run_case("full_size.throughput_case", model, 0, documents, 0, dtype))
            continue
        standin = STANDINS[model]
        blocks = (standin.quick() if quick else standin.config()).num_hidden_layers
        layers = {share: round(share * blocks) - 1 for share, _ in CASES}
        with tempfile.TemporaryDirectory() as place:
            print(f"writing a random {model}", file=sys.stderr)
            folder = Path(place) / "stand-in"
            write_standin(folder, sorted(set(layers.values())), quick=quick, model=model, cut=True)
            for case in CASES:
                share, sae_dtype = case
                name = f"{model}, cut at {share:.0%} of its depth, SAE in {sae_dtype}"
                print(f"measuring {name}", file=sys.stderr)
                write_record(folder, sae_dtype)
                compiled = case == COMPILED and (on_gpu or quick)
                stored.put(
                    name,
                    run_case(
                        "full_size.throughput_case", folder, layers[share], documents, int(compiled), ""
                    ),
                )
    print(table(stored.result()))


def table(found: dict[str, Any]) -> str:
    """The result as Markdown."""
    header = [
        "backbone", "block", "documents/s: backbone alone", "with features",
        "with reading and verdicts, one thread", "classify", "its time / backbone's", "backbone TFLOP/s",
        "of the bare product's rate", "compiled / eager", "one short text, ms", "its backbone",
        "as CUDA graphs", "peak MiB",
    ]  # fmt: skip
    rows = [
        [
            name,
            str(row["layer"]),
            *(
                f"{row['documents_per_s'][part]:,.0f}"
                for part in ("backbone", "scorer", "filter", "classify")
            ),
            f"{row['over_backbone']['classify']:.2f}",
            f"{row['backbone_tflops']:.1f}",
            f"{row['share_of_product_rate']:.0%}",
            *(
                "" if value is None else f"{value:.2f}"
                for value in (row["compiled_over_eager"], row["short_text_ms"])
            ),
            *(
                "" if value is None else f"{value:.1f}"
                for value in (row["short_backbone_ms"], row["short_compiled_ms"])
            ),
            f"{row['peak_mib']:,.0f}",
        ]
        for name, row in found["rows"].items()
    ]
    return (
        markdown(header, rows)
        + f"\n\nDocuments of 256 tokens; the weights of all but e5 are random; {found['device']}."
    )
