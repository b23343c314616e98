"""The TopK sparse autoencoder of one layer, with Qwen-Scope's semantics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from scopesift_kernels import ActiveFeatures, SelectedMaxima, TopK, encode_selected, encode_topk
from torch import Tensor

from scopesift_features.sae.autoencoder import SparseAutoencoder


@dataclass(frozen=True, eq=False)
class TopKSAE(SparseAutoencoder):
    """`acts = relu(topk(pre, k))`; b_dec is not subtracted, the input not scaled (Qwen-Scope report, section 2).

    Attributes:
        k: active features per token.
    """

    model_type: ClassVar[str] = "topk_sae"
    k: int

    def encode(self, x_TD: Tensor) -> TopK:
        """The k largest features of every token.

        Args:
            x_TD: residual after block `layer`; rounded to the SAE's dtype, accumulated in fp32.

        Returns:
            values_TK fp32 (descending, after ReLU) and indices_TK int64; ties go to the lowest index.

        Raises:
            ValueError: the residual is not finite or has another width.
        """
        return encode_topk(self.rounded(x_TD), self.W_enc_FD, self.b_enc_F, self.k)

    def active(self, x_TD: Tensor) -> ActiveFeatures:
        """See `SparseAutoencoder.active`."""
        return self.encode(x_TD).active()

    def encode_selected(
        self, x_TD: Tensor, indices_S: Tensor, floors_S: Tensor, document_T: Tensor, n_documents: int
    ) -> SelectedMaxima:
        """See `SparseAutoencoder.encode_selected`."""
        return encode_selected(
            self.rounded(x_TD),
            self.W_enc_FD,
            self.b_enc_F,
            self.k,
            indices_S,
            document_T.to(x_TD.device),
            floors_S,
            n_documents=n_documents,
        )

    def membership(self) -> dict[str, Any]:
        """See `SparseAutoencoder.membership`."""
        return {"k": self.k}
