"""Reading of texts with the cache: distinct texts are looked up by content, and missing ones are read once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scopesift_features.reading.document_features import document_features
from scopesift_features.scope import Scope

from scopesift_classifiers.feature_tables.segment import Keys, text_keys
from scopesift_classifiers.feature_tables.stored import SegmentRows

SEGMENT_TEXTS = 2048
SPARSE, DENSE, LAST_TOKEN = "acts", "means", "last"
"""What is read: document features, mean residuals, features of the last token only."""

Progress = Callable[[int, int], None]


class Unit(NamedTuple):
    """The unit of caching: one kind of reading of one layer."""

    kind: str
    layer: int
    norm_bound: float = math.inf

    @classmethod
    def of(cls, scope: Scope, kind: str, layer: int) -> Unit:
        """The unit of a scope's layer, with its norm bound."""
        return cls(kind, layer, scope.norm_bounds.get(layer, math.inf))

    @property
    def folder(self) -> str:
        """Its folder's name."""
        within = "" if self.norm_bound == math.inf else f"-norm{self.norm_bound:g}"
        return f"{self.kind}{self.layer}{within}"


@dataclass(frozen=True, eq=False)
class WantedTexts:
    """The distinct texts of a request.

    Attributes:
        keys_W: Their keys, sorted.
        first_W: Index of the first occurrence of each.
        back_N: Index of each text among the distinct ones.
        units: Requested units.
        missing_WU: What is not in the cache, updated as segments are found.
    """

    keys_W: Keys
    first_W: NDArray[np.int64]
    back_N: NDArray[np.int64]
    units: tuple[Unit, ...]
    missing_WU: NDArray[np.bool_]

    @classmethod
    def of(cls, texts: Sequence[str], units: Sequence[Unit]) -> WantedTexts:
        """Find the distinct texts; all units are missing at first."""
        keys_W, first_W, back_N = np.unique(text_keys(texts), return_index=True, return_inverse=True)
        return cls(keys_W, first_W, back_N, tuple(units), np.ones((len(keys_W), len(units)), dtype=bool))

    def part(self, path: Path, positions: NDArray[np.int64], rows: NDArray[np.int64]) -> SegmentRows:
        """Rows of a segment, with all documents that have these texts."""
        count_B = self._counts_W[positions]
        first_B = self._starts_W[positions]
        inside = np.arange(int(count_B.sum())) - np.repeat(np.cumsum(count_B) - count_B, count_B)
        return SegmentRows(
            path, np.repeat(rows, count_B), self._order_N[np.repeat(first_B, count_B) + inside]
        )

    @cached_property
    def _order_N(self) -> NDArray[np.int64]:
        return np.argsort(self.back_N, kind="stable")

    @cached_property
    def _counts_W(self) -> NDArray[np.int64]:
        return np.bincount(self.back_N, minlength=len(self.keys_W))

    @cached_property
    def _starts_W(self) -> NDArray[np.int64]:
        return np.cumsum(self._counts_W) - self._counts_W


def read_units(
    scope: Scope, texts: Sequence[str], units: Sequence[Unit], on_progress: Progress | None
) -> dict[Unit, Any]:
    """Read texts with the scope itself; units of the last token have no others beside them."""
    layers = sorted({unit.layer for unit in units})
    dense = any(unit.kind == DENSE for unit in units)
    last = any(unit.kind == LAST_TOKEN for unit in units)
    features = document_features(
        scope, texts, layers, mean_residual=dense, last_token=last, on_progress=on_progress
    )
    means = features.mean_ND or {}
    return {unit: means[unit.layer] if unit.kind == DENSE else features.acts[unit.layer] for unit in units}


def read_missing(
    scope: Scope,
    texts: Sequence[str],
    wanted: WantedTexts,
    keep: Callable[[Unit, NDArray[np.int64], Any], None],
    on_progress: Progress | None,
) -> int:
    """Read missing units, grouped by texts with the same missing units, and pass on each segment as it is read.

    Returns:
        Number of distinct texts read.
    """
    lacking = int(wanted.missing_WU.any(axis=1).sum())
    done = len(texts) - lacking
    if on_progress is not None:
        on_progress(done, len(texts))
    for pattern_U in np.unique(wanted.missing_WU, axis=0):
        units = [unit for unit, lacks in zip(wanted.units, pattern_U, strict=True) if lacks]
        same = (wanted.missing_WU == pattern_U).all(axis=1)
        rows = np.flatnonzero(same) if units else np.zeros(0, dtype=np.int64)
        rows = rows[np.argsort(wanted.first_W[rows])]  # in the order of the texts
        for begin in range(0, len(rows), SEGMENT_TEXTS):
            part = rows[begin : begin + SEGMENT_TEXTS]
            chunk = [texts[int(wanted.first_W[row])] for row in part]
            read = read_units(scope, chunk, units, _shifted(on_progress, done, len(texts)))
            done += len(part)
            for unit in units:
                keep(unit, part, read[unit])
    return lacking


def in_text_order(found: Sequence[tuple[NDArray[np.int64], Any]], back_N: NDArray[np.int64]) -> Any:
    """The parts in the order of the texts."""
    from scipy.sparse import issparse, vstack

    positions, parts = [at for at, _ in found], [part for _, part in found]
    order = np.empty(sum(map(len, positions)), dtype=np.int64)
    order[np.concatenate(positions)] = np.arange(len(order))
    if issparse(parts[0]):
        return vstack(parts, format="csr", dtype=np.float32)[order[back_N]]
    return np.concatenate(parts)[order[back_N]]


def _shifted(on_progress: Progress | None, done: int, total: int) -> Progress | None:
    if on_progress is None:
        return None
    return lambda read, _: on_progress(done + read, total)
