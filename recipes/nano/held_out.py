"""Text that the language model never saw: held-out pre-training lines, and the evaluation sets' own splits."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from recipes.nano.corpus import LANGUAGES, EncodedLines, encode_lines

EVERY = 4
SPLITS = ("dev", "test")


def held_out_documents(data: Path, tokenizer: Tokenizer, dev: dict[str, EncodedLines]) -> list[np.ndarray]:
    """Every held-out pre-training line, and every fourth dev and test text of `language/` and `toxicity/`.

    The pre-training text was cleaned of those dev and test texts; labels play no part here.

    Args:
        data: The folder that holds `language/` and `toxicity/`.
        tokenizer: nano's tokenizer.
        dev: Held-out pre-training lines by language.

    Returns:
        Token ids, one array a document.
    """
    texts: list[str] = []
    for folder in ("language", "toxicity"):
        for path in sorted((data / folder).glob("*.jsonl.gz")):
            with gzip.open(path, "rt", encoding="utf-8") as stream:
                rows = (json.loads(line) for line in stream)
                texts += [row["text"] for row in rows if row["split"] in SPLITS and row["lang"] in LANGUAGES]
    encoded = encode_lines(tokenizer, texts[::EVERY])
    return [lines[index] for lines in (*dev.values(), encoded) for index in range(len(lines))]
