"""Cache of document features on disk: a second fit on the same or overlapping texts doesn't run the backbone again.

Entries are keyed by the text's content, the scope's fingerprint, its reading settings, the kind of device, and the
layer; they contain numbers and hashes, no text. Missing or damaged entries are read again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scopesift_features.reading.document_features import DocumentFeatures
from scopesift_features.scope import Scope
from scopesift_files.errors import ScopeError

from scopesift_classifiers.feature_tables.segment import (
    DAMAGE,
    Keys,
    discard,
    hits,
    mark_used,
    read_dense,
    read_sparse,
    segment_path,
    write_dense,
    write_sparse,
)
from scopesift_classifiers.feature_tables.stored import SegmentRows, StoredTable
from scopesift_classifiers.feature_tables.wanted_texts import (
    DENSE,
    LAST_TOKEN,
    SPARSE,
    Progress,
    Unit,
    WantedTexts,
    in_text_order,
    read_missing,
    read_units,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

ENVIRONMENT = "SCOPESIFT_CACHE"
OFF = ("", "0", "off", "none")
FORMAT = 1
LIMIT_BYTES = 8 << 30
IN_USE_SECONDS = 3600.0
"""Segments used this recently are not deleted to free space: a running fit may need them."""


class FeatureCache:
    """A folder of segments with a size limit, for concurrent use by several processes."""

    def __init__(self, folder: Path, *, limit_bytes: int = LIMIT_BYTES) -> None:
        """Use a folder, which needn't exist yet.

        Args:
            folder: Folder of the segments.
            limit_bytes: Size above which the least recently used segments are deleted.
        """
        self.folder = folder
        self.limit_bytes = limit_bytes

    @classmethod
    def default(cls) -> FeatureCache | None:
        """The user's cache: $SCOPESIFT_CACHE, else `scopesift/features` in $XDG_CACHE_HOME or ~/.cache.

        Returns:
            None if SCOPESIFT_CACHE is empty, 0, off or none.
        """
        named = os.environ.get(ENVIRONMENT)
        if named is not None:
            return None if named.strip().lower() in OFF else cls(Path(named).expanduser())
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        return cls(Path(base).expanduser() / "scopesift" / "features")

    def document_features(
        self,
        scope: Scope,
        texts: Sequence[str],
        layers: Sequence[int],
        *,
        mean_residual: bool = False,
        on_progress: Progress | None = None,
    ) -> DocumentFeatures:
        """`document_features` with the cache."""
        units = [Unit.of(scope, SPARSE, layer) for layer in layers]
        units += [Unit.of(scope, DENSE, layer) for layer in layers if mean_residual]
        found = {
            (unit.kind, unit.layer): read
            for unit, read in self._read(scope, texts, units, on_progress).items()
        }
        return DocumentFeatures(
            acts={layer: found[SPARSE, layer] for layer in layers},
            mean_ND={layer: found[DENSE, layer] for layer in layers} if mean_residual else None,
        )

    def mean_residuals(self, scope: Scope, texts: Sequence[str], layer: int) -> NDArray[np.float32]:
        """Mean residual of every text after one layer, `[N, d_model]` float32."""
        unit = Unit.of(scope, DENSE, layer)
        means: NDArray[np.float32] = self._read(scope, texts, [unit], None)[unit]
        return means

    def stored(
        self,
        scope: Scope,
        texts: Sequence[str],
        layers: Sequence[int],
        *,
        last_token: bool = False,
        on_progress: Progress | None = None,
    ) -> StoredTable:
        """The document features of any number of texts as a table that stays on disk.

        Args:
            scope: The scope.
            texts: N strings.
            layers: Layers to read.
            last_token: Features of the last token of each text only; they have entries of their own.
            on_progress: Called with (texts read, N).

        Raises:
            ScopeError: The cache can't be written.
        """
        units = [Unit.of(scope, LAST_TOKEN if last_token else SPARSE, layer) for layer in layers]
        wanted = WantedTexts.of(texts, units)
        home = self.folder / _identity(scope)
        known: dict[int, list[SegmentRows]] = {layer: [] for layer in layers}
        for column, unit in enumerate(units):
            for path, positions, rows in hits(home / unit.folder, wanted.keys_W):
                if not _is_sound(path, scope.d_sae):
                    continue  # deleted, so that its texts are read again
                known[unit.layer].append(wanted.part(path, positions, rows))
                wanted.missing_WU[positions, column] = False

        def keep(unit: Unit, positions: NDArray[np.int64], part: Any) -> None:
            path = _write(home, unit, wanted.keys_W[positions], part)
            known[unit.layer].append(wanted.part(path, positions, np.arange(len(positions))))

        if read_missing(scope, texts, wanted, keep, on_progress):
            for path in {part.path for parts in known.values() for part in parts}:
                mark_used(
                    path
                )  # reading may have taken longer than the time for which a segment counts as in use
            self._make_room()
        return StoredTable(known, len(texts), scope.d_sae)

    def size(self) -> int:
        """Bytes of all segments."""
        return sum(size for _, size, _ in self._segments())

    def clear(self) -> None:
        """Delete every segment."""
        for path, _, _ in self._segments():
            discard(path)

    def _read(
        self, scope: Scope, texts: Sequence[str], units: Sequence[Unit], on_progress: Progress | None
    ) -> dict[Unit, Any]:
        if not texts or not units or not all(isinstance(text, str) for text in texts):
            # nothing to look up, or an error that reading reports better
            return read_units(scope, texts, units, on_progress)
        for unit in units:
            scope.sae(unit.layer)  # raises for a missing layer before the look-up
        wanted = WantedTexts.of(texts, units)
        home = self.folder / _identity(scope)
        found: dict[Unit, list[tuple[NDArray[np.int64], Any]]] = {unit: [] for unit in units}
        for column, unit in enumerate(units):
            found[unit] += _known(home, unit, wanted.keys_W, scope)
            for positions, _ in found[unit]:
                wanted.missing_WU[positions, column] = False

        def keep(unit: Unit, positions: NDArray[np.int64], part: Any) -> None:
            found[unit].append((positions, part))
            # a full or read-only disk only makes the next fit slower
            with contextlib.suppress(ScopeError):
                _write(home, unit, wanted.keys_W[positions], part)

        if read_missing(scope, texts, wanted, keep, on_progress):
            self._make_room()
        return {unit: in_text_order(found[unit], wanted.back_N) for unit in units}

    def _segments(self) -> list[tuple[Path, int, float]]:
        """(file, bytes, time of last use), least recently used first."""
        segments = []
        for path in self.folder.glob("*/*/*.npz"):
            try:
                stat = path.stat()
            except OSError:
                continue  # deleted by another process
            segments.append((path, stat.st_size, stat.st_mtime))
        return sorted(segments, key=lambda segment: (segment[2], segment[0].name))

    def _make_room(self) -> None:
        segments = self._segments()
        excess = sum(size for _, size, _ in segments) - self.limit_bytes
        in_use = time.time() - IN_USE_SECONDS
        for path, size, used in segments:
            if excess <= 0 or used > in_use:
                return
            discard(path)
            excess -= size


def mean_residuals(
    scope: Scope, texts: Sequence[str], layer: int, cache: FeatureCache | None = None
) -> NDArray[np.float32]:
    """Mean residual of every text after one layer, `[N, d_model]` float32, from the cache if there is one."""
    if cache is not None:
        return cache.mean_residuals(scope, texts, layer)
    unit = Unit.of(scope, DENSE, layer)
    means: NDArray[np.float32] = read_units(scope, texts, [unit], None)[unit]
    return means


def _identity(scope: Scope) -> str:
    """Folder name for the scope, its settings and the device."""
    decisive = {
        "format": FORMAT,
        "scope": scope.fingerprint,
        "settings": scope.settings.to_dict(),
        "device": scope.device.split(":")[0],
    }
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:24]


def _known(home: Path, unit: Unit, keys_W: Keys, scope: Scope) -> Iterator[tuple[NDArray[np.int64], Any]]:
    """Cached entries of a unit: (indices in `keys_W`, their rows)."""
    for path, positions, rows in hits(home / unit.folder, keys_W):
        try:
            if unit.kind == DENSE:
                part: Any = read_dense(path, rows, scope.d_model)
            else:
                part = read_sparse(path, rows, scope.d_sae)
        except DAMAGE:
            discard(path)
            continue
        mark_used(path)
        yield positions, part


def _is_sound(path: Path, d_sae: int) -> bool:
    """Whether a segment can be read completely; a damaged one is deleted."""
    try:
        read_sparse(path, np.zeros(0, dtype=np.int64), d_sae)
    except DAMAGE:
        discard(path)
        return False
    mark_used(path)
    return True


def _write(home: Path, unit: Unit, keys: Keys, part: csr_matrix | NDArray[np.float32]) -> Path:
    folder = home / unit.folder
    if unit.kind == DENSE:
        write_dense(folder, keys, part)
    else:
        write_sparse(folder, keys, part)
    return segment_path(folder, keys)
