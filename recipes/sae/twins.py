"""Cross-lingual alignment of a layer's residuals: share of sentences whose translation is the nearest sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scopesift_features.reader import Reader
from scopesift_files.errors import InputError
from scopesift_files.row_readers.lines import read_lines
from scopesift_files.row_readers.row import sound_rows

from recipes.sae.text_residuals import text_mean_residuals

MOST_PAIRS = 1000


class TranslationGroups:
    """Groups of translations, merged from pairs by union-find."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def join(self, left: str, right: str) -> None:
        """Merge the groups of two sentences."""
        self._parent[self.root(left)] = self.root(right)

    def root(self, sentence: str) -> str:
        """The representative sentence of a group."""
        while self._parent.setdefault(sentence, sentence) != sentence:
            self._parent[sentence] = self._parent[self._parent[sentence]]
            sentence = self._parent[sentence]
        return sentence

    def __iter__(self) -> Iterator[str]:
        return iter(self._parent)


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """Read sentence pairs, one per group of translations, at most `MOST_PAIRS`.

    Args:
        path: Two sentences per line, separated by a TAB; also `.gz`, `.xz` or `.zst`.

    Raises:
        UsageError: No such file.
        InputError: A line without exactly one TAB, or fewer than two pairs.
    """
    groups, pairs = TranslationGroups(), []
    for row in sound_rows(read_lines(path)):
        if not row.text.strip():
            continue
        sentences = row.text.split("\t")
        if len(sentences) != 2:
            raise InputError(
                f"{row.place}: expected two sentences with one TAB between them, got "
                f"{len(sentences) - 1} TABs; fix or remove the line"
            )
        groups.join(*sentences)
        pairs.append((sentences[0], sentences[1]))
    # another translation of the same sentence would be correct but count as wrong
    first = {groups.root(left): (left, right) for left, right in reversed(pairs)}
    if len(first) < 2:
        raise InputError(f"{path}: expected at least two pairs of different meaning, got {len(first)}")
    return list(reversed(first.values()))[:MOST_PAIRS]


def measure_twins(reader: Reader, pairs: list[tuple[str, str]], layers: Sequence[int]) -> dict[int, float]:
    """Share of left sentences whose nearest right sentence is their own translation; chance is 1 / pairs."""
    left = text_mean_residuals(reader, [pair[0] for pair in pairs], layers)
    right = text_mean_residuals(reader, [pair[1] for pair in pairs], layers)
    return {layer: twin_share(left[layer], right[layer], np.arange(len(pairs))) for layer in layers}


def twin_share(
    left_ND: NDArray[np.float32], right_MD: NDArray[np.float32], twins_N: NDArray[np.int64]
) -> float:
    """Share of rows whose nearest row on the other side, by cosine of the centred residuals, is their twin.

    Args:
        left_ND: Mean residuals of N sentences, of one language if possible, since their mean is subtracted.
        right_MD: Of the sentences to search.
        twins_N: Index of each left row's twin on the right.
    """
    nearest = (_unit(left_ND) @ _unit(right_MD).T).argmax(axis=1)
    return float((nearest == twins_N).mean())


def _unit(mean_ND: NDArray[np.float32]) -> NDArray[np.float32]:
    centred = mean_ND - mean_ND.mean(axis=0)
    unit: NDArray[np.float32] = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    return unit
