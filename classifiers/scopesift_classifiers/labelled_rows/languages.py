"""Languages of labelled rows: folds that leave whole languages out, and weights that make languages equal."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray
from scopesift_files.counted import counted
from scopesift_files.errors import InputError

from scopesift_classifiers.labelled_rows.rows import LabelledText

LEAST_LANGUAGES = 3
"""Without one of them there are still two."""
MOST_FOLDS = 8
"""More languages share folds: the sums of a closed-form fit are kept for each fold."""


def language_numbers(rows: LabelledText) -> NDArray[np.int64]:
    """Index `[N]` of each row's language among the sorted languages.

    Raises:
        InputError: A row has no language, there are fewer than three, or one lacks a label.
    """
    unknown = sum(not lang for lang in rows.langs)
    if unknown:
        raise InputError(
            f"{rows.origin}: expected a language in every row (column 'lang'), got none in "
            f"{'any row' if unknown == len(rows) else counted(unknown, 'row')}; fill it in"
        )
    languages = sorted({str(lang) for lang in rows.langs})
    if len(languages) < LEAST_LANGUAGES:
        raise InputError(
            f"{rows.origin}: expected rows in at least {LEAST_LANGUAGES} languages, each of which is left out in "
            f"turn, got {', '.join(languages)}; add languages"
        )
    cells = Counter(zip(rows.langs, rows.labels, strict=True))
    for lang in languages:
        for label in rows.classes:
            if not cells[lang, label]:
                raise InputError(
                    f"{rows.origin}: expected rows of every label in every language, got none labelled {label!r} in "
                    f"{lang}; add some or leave the language out"
                )
    place = {lang: at for at, lang in enumerate(languages)}
    return np.array([place[str(lang)] for lang in rows.langs], dtype=np.int64)


def language_folds(language_N: NDArray[np.int64]) -> NDArray[np.int64]:
    """Folds of whole languages, `[N]`: one for each, or `MOST_FOLDS` folds, the largest languages dealt first."""
    sizes = np.bincount(language_N)
    order = np.argsort(-sizes, kind="stable")
    fold_of = np.empty(len(sizes), dtype=np.int64)
    fold_of[order] = np.arange(len(sizes)) % MOST_FOLDS
    folds: NDArray[np.int64] = fold_of[language_N]
    return folds


def equal_weights(rows: LabelledText, language_N: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weights `[N]` with sum N, equal in sum for languages, in them for labels, and for the sources of these."""
    total = np.ones(len(rows))
    keys: list[tuple[object, ...]] = [(lang,) for lang in language_N.tolist()]
    for column in (rows.labels, rows.sources):
        finer = [(*key, value) for key, value in zip(keys, column, strict=True)]
        parts = Counter(key[:-1] for key in set(finer))
        total *= [1 / parts[key] for key in keys]
        keys = finer
    sizes = Counter(keys)
    weight_N: NDArray[np.float64] = total / [sizes[key] for key in keys]
    return weight_N * (len(rows) / weight_N.sum())
