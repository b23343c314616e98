"""The rows of `bench policy`: policy topics in eight languages, bounded so that the command ends."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scopesift_classifiers.labelled_rows.rows import LabelledText, read_labelled
from scopesift_classifiers.labelled_rows.sampling import DEV_SHARE
from scopesift_classifiers.studies.learning_curve import draw

from bench.errors import BenchError

"""Dev rows for every train row."""
LEAST = 5
"""Train rows of a label; nothing is fitted on fewer."""

Splits = dict[str, LabelledText]


def policy_rows(data: Path, lang: str, most: int) -> Splits:
    """Train, dev and test rows of a language, of the first two a bounded number.

    Args:
        data: The folder that holds `policy/`.
        lang: The language.
        most: Train rows, but for rounding in every label; of dev rows `DEV_SHARE` of that.

    Raises:
        BenchError: The file is missing.
    """
    path = data / "policy" / f"{lang}.jsonl.gz"
    if not path.is_file():
        raise BenchError(f"{path} is missing; --data names the folder that holds policy/")
    rows = {split: read_labelled(path, split=split) for split in ("train", "dev", "test")}
    return rows | {
        split: rows[split].select(index_N) for split, index_N in some_of_each_label(rows, most).items()
    }


def some_of_each_label(rows: Splits, most: int | None) -> dict[str, NDArray[np.int64]]:
    """Numbers of some train and dev rows, of every label the same share of its texts and at least one, by hash.

    Args:
        rows: What is chosen from; fewer rows are a part of more.
        most: Train rows, but for rounding in every label; None: all.
    """
    sizes = {"train": most, "dev": None if most is None else round(most * DEV_SHARE)}
    return {
        split: np.arange(len(rows[split]))
        if size is None or size >= len(rows[split])
        else draw(rows[split], size / len(rows[split]), seed=0)
        for split, size in sizes.items()
    }


def with_labels_of(rows: LabelledText, train: LabelledText) -> NDArray[np.int64]:
    """Numbers of the rows whose label has at least `LEAST` train rows."""
    counts = Counter(train.labels)
    return np.flatnonzero([counts[label] >= LEAST for label in rows.labels])
