"""The rows of `bench policy`: policy topics in eight languages, limited in number."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scopesift_classifiers.labelled_rows.rows import LabelledText, read_labelled
from scopesift_classifiers.labelled_rows.sampling import DEV_SHARE
from scopesift_classifiers.studies.learning_curve import draw

from bench.errors import BenchError

LEAST = 5
"""Minimum train rows of a label to be fitted."""

Splits = dict[str, LabelledText]


def policy_rows(data: Path, lang: str, most: int) -> Splits:
    """Train, dev and test rows of a language; train and dev rows are limited.

    Args:
        data: The folder that holds `policy/`.
        lang: The language.
        most: Number of train rows, up to rounding per label; dev rows: `DEV_SHARE` of that.

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
        rows: Rows to sample from; smaller samples are subsets of larger ones.
        most: Number of train rows, up to rounding per label; None: all.
    """
    sizes = {"train": most, "dev": None if most is None else round(most * DEV_SHARE)}
    return {
        split: np.arange(len(rows[split]))
        if size is None or size >= len(rows[split])
        else draw(rows[split], size / len(rows[split]), seed=0)
        for split, size in sizes.items()
    }


def with_labels_of(rows: LabelledText, train: LabelledText) -> NDArray[np.int64]:
    """Indices of the rows whose label has at least `LEAST` train rows."""
    counts = Counter(train.labels)
    return np.flatnonzero([counts[label] >= LEAST for label in rows.labels])
