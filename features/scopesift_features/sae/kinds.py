"""The kinds of sparse autoencoders, by their model_type in config.json."""

from __future__ import annotations

from scopesift_features.sae.autoencoder import SparseAutoencoder
from scopesift_features.sae.threshold import BatchTopKSAE, JumpReLUSAE, ReLUSAE
from scopesift_features.sae.topk import TopKSAE

KINDS: dict[str, type[SparseAutoencoder]] = {
    kind.model_type: kind for kind in (TopKSAE, JumpReLUSAE, BatchTopKSAE, ReLUSAE)
}
