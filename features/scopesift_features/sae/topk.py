"""The TopK sparse autoencoder of one layer, with Qwen-Scope's semantics."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from scopesift_files.errors import ScopeError
from scopesift_kernels import SelectedMaxima, TopK, encode_selected, encode_topk
from torch import Tensor


@dataclass(frozen=True, eq=False)
class TopKSAE:
    """One layer's SAE: `acts = relu(topk(x @ W_enc.T + b_enc, k))`, `recon = acts @ W_dec.T + b_dec`.

    b_dec is not subtracted before encoding and the input is not scaled (Qwen-Scope report, section 2).

    Attributes:
        W_enc_FD: encoder weights `[d_sae, d_model]`.
        b_enc_F: encoder bias `[d_sae]`.
        W_dec_DF: decoder weights `[d_model, d_sae]`, feature directions in columns; None if it was not read.
        b_dec_D: decoder bias `[d_model]`; None if it was not read.
        k: active features per token.
        layer: the decoder block whose output is encoded.
    """

    W_enc_FD: Tensor
    b_enc_F: Tensor
    W_dec_DF: Tensor | None
    b_dec_D: Tensor | None
    k: int
    layer: int

    @property
    def d_sae(self) -> int:
        """Number of features."""
        return self.W_enc_FD.shape[0]

    @property
    def d_model(self) -> int:
        """Width of the residual stream."""
        return self.W_enc_FD.shape[1]

    def to(self, device: torch.device) -> TopKSAE:
        """The same SAE with its weights on a device."""
        return replace(
            self,
            W_enc_FD=self.W_enc_FD.to(device),
            b_enc_F=self.b_enc_F.to(device),
            W_dec_DF=None if self.W_dec_DF is None else self.W_dec_DF.to(device),
            b_dec_D=None if self.b_dec_D is None else self.b_dec_D.to(device),
        )

    def encode(self, x_TD: Tensor) -> TopK:
        """The k active features of every token.

        Args:
            x_TD: residual after block `layer`; rounded to the SAE's dtype, accumulated in fp32.

        Returns:
            values_TK fp32 (descending, after ReLU) and indices_TK int64; ties go to the lowest index.

        Raises:
            ValueError: the residual is not finite or has another width.
        """
        return encode_topk(self.rounded(x_TD), self.W_enc_FD, self.b_enc_F, self.k)

    def encode_selected(
        self, x_TD: Tensor, indices_S: Tensor, floors_S: Tensor, document_T: Tensor, n_documents: int
    ) -> SelectedMaxima:
        """The largest activation of some features in every document, and its token.

        Args:
            x_TD: residual after block `layer`, as for `encode`.
            indices_S: the features, int64; on the CPU or the residual's device.
            floors_S: activations up to these are returned as 0, float32 >= 0; device as `indices_S`.
            document_T: document of every token, non-decreasing int64.
            n_documents: N; a document may have no token.

        Returns:
            maxima_NS float32, 0 where the feature is in no token's top-k or not above its floor; tokens_NS int64, -1
            there.

        Raises:
            ValueError: the residual is not finite or has another width.
        """
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

    def rounded(self, x_TD: Tensor) -> Tensor:
        """Round the residual to the encoder's dtype.

        Args:
            x_TD: any floating-point dtype.

        Returns:
            The rounded residual. A bfloat16 residual for a float32 encoder is returned unchanged: on a GPU it can use
            the tensor cores.
        """
        if (self.W_enc_FD.dtype, x_TD.dtype) == (torch.float32, torch.bfloat16):
            return x_TD
        return x_TD.to(self.W_enc_FD.dtype)

    def decode(self, top: TopK) -> Tensor:
        """Reconstruct the residual from active features.

        Args:
            top: result of `encode`.

        Returns:
            recon_TD fp32.

        Raises:
            ScopeError: the SAE was read without its decoder.
        """
        if self.W_dec_DF is None or self.b_dec_D is None:
            raise ScopeError(
                f"the SAE of layer {self.layer} was read without its decoder; use .sae(layer, decoder=True)"
            )
        # an embedding-bag sum gathers k columns per token instead of materialising [T, F]
        return (
            torch.nn.functional.embedding_bag(
                top.indices_TK, self.W_dec_DF.T.float(), per_sample_weights=top.values_TK.float(), mode="sum"
            )
            + self.b_dec_D.float()
        )

    def fvu(self, x_TD: Tensor) -> float:
        """Fraction of variance unexplained: squared error over the squared distance to the mean residual.

        Args:
            x_TD: residuals of at least two tokens, without first tokens.

        Returns:
            0 for a perfect reconstruction, 1 for one as good as the mean.
        """
        x_TD = x_TD.float()
        error = (x_TD - self.decode(self.encode(x_TD))).double().square().sum()
        spread = (x_TD - x_TD.mean(dim=0)).double().square().sum()
        return float(error / spread)
