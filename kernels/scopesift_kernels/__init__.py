"""Exact encodes of sparse autoencoders: of TopK, and of JumpReLU with BatchTopK and ReLU.

`encode_topk` and `encode_jumprelu` give every active feature of every token, for fitting; `encode_selected` and
`encode_selected_jumprelu` give the document maxima of a few features with as little computation as possible, for
inference. All match `scopesift_kernels.reference` exactly.
"""

from scopesift_kernels.backend_choice import backends
from scopesift_kernels.jumprelu import encode_jumprelu, encode_selected_jumprelu
from scopesift_kernels.results import ActiveFeatures, SelectedMaxima, TopK
from scopesift_kernels.topk import encode_selected, encode_topk

__all__ = [
    "ActiveFeatures",
    "SelectedMaxima",
    "TopK",
    "backends",
    "encode_jumprelu",
    "encode_selected",
    "encode_selected_jumprelu",
    "encode_topk",
]
