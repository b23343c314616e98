"""`python -m bench filter`: whole runs of `scopesift filter` against the backbone's own forward rate."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scopesift_classifiers.judging.backend import ONNX, TORCH
from scopesift_features.catalogue.settings import FLOAT32, INT8
from scopesift_features.catalogue.table import DEFAULT_SCOPE

from bench.case_process import run_case
from bench.filter.corpus import write_corpus
from bench.filter.tables import throughput
from bench.full_size.standin import write_standin
from bench.results_file import StoredRows

FORWARD_ROWS = 5000
STANDIN_DOCS = 120
STANDIN_CHARS = 160  # its tokenizer makes a token of each byte


def run(
    data: Path,
    out: Path | None = None,
    *,
    docs: int = 5000,
    standin: bool = False,
    only: Sequence[str] = (),
) -> None:
    """Measure e5 by both back ends and in int8, nano on all documents and on a tenth, and optionally the stand-in.

    Args:
        data: folder with toxicity/, language/, domain/ and pretrain/.
        out: folder for the JSON; None: `bench/results/`.
        docs: documents of the large run; e5 reads two fifths of them.
        standin: also filter a few hundred on a random Qwen3-1.7B cut at block 6; needs 8 GB of disk.
        only: names of the runs; empty: all.
    """
    stored = StoredRows("filter", out)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        runs = [
            ("e5", DEFAULT_SCOPE, 2 * docs // 5, ONNX, FLOAT32),
            ("e5, torch", DEFAULT_SCOPE, 2 * docs // 5, TORCH, FLOAT32),
            ("e5, int8", DEFAULT_SCOPE, 2 * docs // 5, ONNX, INT8),
            ("a tenth", "nano", docs // 10, TORCH, FLOAT32),
            ("nano", "nano", docs, TORCH, FLOAT32),
        ]
        for name, scope, count, backend, dtype in runs:
            if only and name not in only:
                continue
            corpus = place / f"{name}.jsonl.zst"
            count = write_corpus(data, corpus, count)
            forward_rows = min(count, FORWARD_ROWS)
            stored.put(name, run_case("filter.case", scope, corpus, forward_rows, "{}", backend, dtype))
        if standin:
            folder_of_standin = write_standin(place / "stand-in", [6], quick=False)
            corpus = place / "short.jsonl.zst"
            write_corpus(data, corpus, STANDIN_DOCS)
            short = place / "short.jsonl"
            short.write_bytes(_shortened(corpus))
            settings = json.dumps({"shard_rows": STANDIN_DOCS // 4})
            stored.put(
                "Qwen3-1.7B cut at 6",
                run_case("filter.case", folder_of_standin, short, STANDIN_DOCS, settings, TORCH, FLOAT32),
            )
    print(throughput(stored.result()))


def _shortened(corpus: Path) -> bytes:
    import zstandard

    with corpus.open("rb") as file:
        data = zstandard.ZstdDecompressor().stream_reader(file).read()
    rows = [json.loads(line) for line in data.splitlines()]
    return b"".join(
        json.dumps({**row, "text": row["text"][:STANDIN_CHARS]}, ensure_ascii=False).encode() + b"\n"
        for row in rows
    )
