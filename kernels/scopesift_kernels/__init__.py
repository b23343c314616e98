"""The two exact encodes of a TopK sparse autoencoder.

`encode_topk` gives every active feature of every token, for fitting; `encode_selected` gives the document maxima of a
few features with as little computation as possible, for inference. Both match `scopesift_kernels.reference` exactly.
"""

from scopesift_kernels.dispatch import backends, encode_selected, encode_topk
from scopesift_kernels.results import SelectedMaxima, TopK

__all__ = ["SelectedMaxima", "TopK", "backends", "encode_selected", "encode_topk"]
