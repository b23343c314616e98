"""Segments of the feature cache: a file with the features of one layer for some texts.

The file is an uncompressed `.npz`, in which every array has a CRC, so that damage is detected on reading.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scopesift_files.atomic import write_atomically

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

KEY_BYTES = 16
Keys = NDArray[np.bytes_]

DAMAGE = (
    OSError,
    ValueError,
    LookupError,
    EOFError,
    RuntimeError,  # zipfile reports some damaged entries as encrypted
    zipfile.BadZipFile,
    zlib.error,
)
"""Exceptions on reading a file that is missing, truncated, overwritten or of another format."""


def text_keys(texts: Sequence[str]) -> Keys:
    """A hash for each text, `[N]` of 16 bytes; lone surrogates are distinguished."""
    hashes = (
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()
        for text in texts
    )
    return np.frombuffer(b"".join(hashes), dtype=f"S{KEY_BYTES}")


def segment_path(folder: Path, keys_N: Keys) -> Path:
    """Path of the segment of these texts; the same for the same texts in the same order."""
    return folder / f"{hashlib.blake2b(keys_N.tobytes(), digest_size=KEY_BYTES).hexdigest()}.npz"


def write_sparse(folder: Path, keys_N: Keys, acts_NF: csr_matrix) -> None:
    """Write the document features of texts; indices are stored in two bytes if the SAE is small enough.

    Raises:
        ScopeError: The file can't be written.
    """
    narrow = np.uint16 if acts_NF.shape[1] <= 1 << 16 else np.uint32
    _write(
        folder,
        keys_N,
        counts=np.diff(acts_NF.indptr).astype(np.uint32),
        indices=acts_NF.indices.astype(narrow),
        values=acts_NF.data.astype(np.float32, copy=False),
    )


def write_dense(folder: Path, keys_N: Keys, means_ND: NDArray[np.float32]) -> None:
    """Write the mean residuals of texts.

    Raises:
        ScopeError: The file can't be written.
    """
    _write(folder, keys_N, means=means_ND.astype(np.float32, copy=False))


def read_sparse(path: Path, rows: NDArray[np.int64], d_sae: int) -> csr_matrix:
    """Rows of a segment's document features, CSR `[len(rows), d_sae]`.

    Raises:
        One of `DAMAGE`: The file is missing or not a valid segment.
    """
    from scipy.sparse import csr_matrix

    counts, indices, values = _arrays(path, "counts", "indices", "values")
    starts = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    if values.dtype != np.float32 or not starts[-1] == len(indices) == len(values):
        raise ValueError(f"{path}: counts, indices and values do not fit together")
    if len(indices) and int(indices.max()) >= d_sae:
        raise ValueError(f"{path}: a feature index beyond {d_sae}")
    whole = csr_matrix((values, indices.astype(np.int32), starts), shape=(len(counts), d_sae))
    return whole[rows]


def read_dense(path: Path, rows: NDArray[np.int64], d_model: int) -> NDArray[np.float32]:
    """Rows of a segment's mean residuals, `[len(rows), d_model]` float32.

    Raises:
        One of `DAMAGE`: The file is missing or not a valid segment.
    """
    (means,) = _arrays(path, "means")
    if means.dtype != np.float32 or means.ndim != 2 or means.shape[1] != d_model:
        raise ValueError(f"{path}: expected means of width {d_model}, got {means.shape}")
    return means[rows]


def hits(folder: Path, wanted_W: Keys) -> Iterator[tuple[Path, NDArray[np.int64], NDArray[np.int64]]]:
    """Segments with any of the wanted texts; damaged ones are deleted.

    Args:
        folder: Folder of one layer's segments.
        wanted_W: Keys, sorted, distinct.

    Yields:
        (file, indices in `wanted_W`, rows of the file), every index at most once.
    """
    open_W = np.ones(len(wanted_W), dtype=bool)
    for path in sorted(folder.glob("*.npz")):
        if not open_W.any():
            return
        try:
            (keys,) = _arrays(path, "keys")
            if keys.dtype != wanted_W.dtype or keys.ndim != 1:
                raise ValueError(f"{path}: not the keys of a segment")
        except DAMAGE:
            discard(path)
            continue
        at = np.minimum(np.searchsorted(wanted_W, keys), len(wanted_W) - 1)
        rows = np.flatnonzero((wanted_W[at] == keys) & open_W[at])
        positions, first = np.unique(at[rows], return_index=True)
        if len(positions):
            open_W[positions] = False
            yield path, positions, rows[first]


def mark_used(path: Path) -> None:
    """Set a segment's time of last use, if permitted."""
    with contextlib.suppress(OSError):
        os.utime(path)


def discard(path: Path) -> None:
    """Delete a segment, if it exists and permissions allow it."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def _arrays(path: Path, *names: str) -> list[NDArray[Any]]:
    """Some arrays of a segment.

    Raises:
        One of `DAMAGE`.
    """
    with np.load(path, allow_pickle=False) as arrays:
        return [arrays[name] for name in names]


def _write(folder: Path, keys_N: Keys, **arrays: NDArray[Any]) -> None:
    entries: dict[str, Any] = {"keys": keys_N, **arrays}

    def save(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez(file, **entries)

    write_atomically(segment_path(folder, keys_N), save)
