"""Tensors in, tensors out: the two exact encodes of a TopK sparse autoencoder.

`encode_topk` gives every active feature of every token (discovery); `encode_selected` gives the document
maxima of a few features and does as little of the encode as it can (use). Both are exact in the sense of
`scopesift_kernels.reference`.
"""

from scopesift_kernels.dispatch import backends, encode_selected, encode_topk
from scopesift_kernels.results import SelectedMaxima, TopK

__all__ = ["SelectedMaxima", "TopK", "backends", "encode_selected", "encode_topk"]
