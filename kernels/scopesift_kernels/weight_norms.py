"""One pass over an encoder's weights: are they finite, and how long is the longest row."""

from __future__ import annotations

import torch
from torch.utils.weak import WeakIdKeyDictionary

_ROWS_AT_ONCE = 8192
_known: WeakIdKeyDictionary = WeakIdKeyDictionary()


def largest_norm(W_enc_FD: torch.Tensor) -> float:
    """Euclidean norm of the longest row, read once for each tensor and remembered while it lives.

    Weights are far larger than a batch of tokens, so checking them at every call would cost more than a small
    encode. In-place changes through torch are noticed by the tensor's version counter; writes through `.data`
    or shared memory are not.

    Args:
        W_enc_FD: `[F, D]` float32, bfloat16 or float16.

    Returns:
        The norm; infinity where squares overflow float32 although every weight is finite.

    Raises:
        ValueError: a weight is NaN or infinite.
    """
    version = None if W_enc_FD.is_inference() else W_enc_FD._version
    known = _known.get(W_enc_FD)
    if known is not None and version is not None and known[0] == version:
        return float(known[1])
    norm = 0.0
    for start in range(0, W_enc_FD.shape[0], _ROWS_AT_ONCE):
        rows = W_enc_FD[start : start + _ROWS_AT_ONCE].float()
        largest = float(torch.linalg.vector_norm(rows, dim=1).max())
        if not largest < float("inf"):  # NaN included
            finite = torch.isfinite(rows).all(dim=1)
            if not bool(finite.all()):
                bad = start + int((~finite).nonzero()[0])
                raise ValueError(f"W_enc_FD has to be finite; row {bad} is not: check the SAE file")
        norm = max(norm, largest)
    if version is not None:
        _known[W_enc_FD] = (version, norm)
    return norm
