"""Real documents for `python -m bench filter`: labelled rows and pre-training lines, shuffled, as JSONL."""

from __future__ import annotations

import gzip
import json
import lzma
import random
from collections.abc import Iterator
from pathlib import Path

import zstandard

LABELLED = ("toxicity", "language", "domain")


def write_corpus(data: Path, target: Path, count: int) -> int:
    """Write `count` distinct documents drawn from `data`.

    Args:
        data: folder with toxicity/, language/, domain/ (JSONL, gzip) and pretrain/ (a document a line, xz).
        target: a .jsonl.zst file.
        count: number of documents; fewer if there are not enough distinct texts.

    Returns:
        The number written.
    """
    rows = sorted(_rows(data))
    random.Random(0).shuffle(rows)  # noqa: S311
    chosen = rows[:count]
    with target.open("wb") as file, zstandard.ZstdCompressor().stream_writer(file) as packed:
        for number, (text, source) in enumerate(chosen):
            row = {"id": number, "text": text, "source": source}
            packed.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
    return len(chosen)


def _rows(data: Path) -> set[tuple[str, str]]:
    seen: dict[str, str] = {}
    for text, source in _texts(data):
        if text.strip():
            seen.setdefault(text, source)
    return set(seen.items())


def _texts(data: Path) -> Iterator[tuple[str, str]]:
    for folder in LABELLED:
        for path in sorted((data / folder).glob("*.jsonl.gz")):
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                for line in lines:
                    yield json.loads(line)["text"], folder
    for path in sorted((data / "pretrain").glob("*.txt.xz")):
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield line.rstrip("\n"), "pretrain"
