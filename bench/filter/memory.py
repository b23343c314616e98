"""`python -m bench filter-memory`: peak memory of filter runs by number and by length of the documents."""

from __future__ import annotations

import json
import random
import sys
import tempfile
from pathlib import Path

from bench.case_process import run_case
from bench.filter.tables import memory_of
from bench.results_file import StoredRows
from bench.service.texts import WORDS

NUMBERS = (2_000, 20_000, 200_000)
SHORT_WORDS = 4
LENGTHS = (100, 10_000, 1_000_000)
"""Characters of a document; each file has the same number of characters in all."""
CHARACTERS = 1_000_000


def run(out: Path | None = None, *, scope: str = "nano", quick: bool = False) -> None:
    """Filter files of more and more, and of longer and longer documents, each in a process of its own.

    Args:
        out: folder for the JSON; None: `bench/results/`.
        scope: a bundled scope.
        quick: a hundredth of the documents, as a smoke test.
    """
    stored = StoredRows(f"filter-memory-{scope}{'-quick' if quick else ''}", out)
    part = 100 if quick else 1
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus.jsonl"
        for number in NUMBERS:
            _write(corpus, number // part, words=SHORT_WORDS)
            name = f"{scope}, {number // part:,} documents of {SHORT_WORDS} words"
            stored.put(name, run_case("filter.memory_case", scope, corpus))
        for length in LENGTHS:
            _write(corpus, max(1, CHARACTERS // part // length), characters=length)
            name = f"{scope}, documents of {length:,} characters"
            stored.put(name, run_case("filter.memory_case", scope, corpus))
    sys.stdout.write(f"{memory_of(stored.result())}\n\n{stored.path}\n")


def _write(path: Path, documents: int, *, words: int = 0, characters: int = 0) -> None:
    """Random words of several scripts, either so many words or so many characters a document."""
    chance = random.Random(0)  # noqa: S311
    known = [line.split() for line in WORDS]
    with path.open("w", encoding="utf-8") as file:
        for number in range(documents):
            line = chance.choice(known)
            text = " ".join(chance.choices(line, k=words or characters // 4))
            content = {"id": number, "text": text[:characters] if characters else text}
            file.write(json.dumps(content, ensure_ascii=False) + "\n")
