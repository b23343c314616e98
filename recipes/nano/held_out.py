"""Text that the language model was not trained on: held-out pre-training lines, and evaluation splits."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from recipes.nano.corpus import LANGUAGES, read_corpus

EVERY = 4
SPLITS = ("dev", "test")


def held_out_texts(data: Path) -> list[str]:
    """Every held-out pre-training line, and every fourth dev and test text of `language/` and `toxicity/`.

    The pre-training text was cleaned of those dev and test texts; labels play no part here.

    Args:
        data: The folder that holds `pretrain/`, `language/` and `toxicity/`.
    """
    texts: list[str] = []
    for folder in ("language", "toxicity"):
        for path in sorted((data / folder).glob("*.jsonl.gz")):
            with gzip.open(path, "rt", encoding="utf-8") as stream:
                rows = (json.loads(line) for line in stream)
                texts += [row["text"] for row in rows if row["split"] in SPLITS and row["lang"] in LANGUAGES]
    _, dev = read_corpus(data)
    return [line for lines in dev.values() for line in lines] + texts[::EVERY]
