"""What the sparse autoencoders of all kinds share: weights, decoding, and the two encodes that readers call."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self

import torch
from scopesift_files.errors import ScopeError
from scopesift_kernels import ActiveFeatures, SelectedMaxima
from torch import Tensor


@dataclass(frozen=True, eq=False)
class SparseAutoencoder(ABC):
    """One layer's SAE: `recon = acts @ W_dec.T + b_dec`, with `acts` from `pre = x @ W_enc.T + b_enc`.

    The kinds differ in which features are active. b_dec is not subtracted before encoding and the input is not scaled:
    where a publisher's SAE does so, its conversion folds that into the weights.

    Attributes:
        W_enc_FD: encoder weights `[d_sae, d_model]`.
        b_enc_F: encoder bias `[d_sae]`.
        W_dec_DF: decoder weights `[d_model, d_sae]`, feature directions in columns; None if it was not read.
        b_dec_D: decoder bias `[d_model]`; None if it was not read.
        layer: the decoder block whose output is encoded.
    """

    model_type: ClassVar[str]
    """Its kind in config.json."""

    W_enc_FD: Tensor
    b_enc_F: Tensor
    W_dec_DF: Tensor | None
    b_dec_D: Tensor | None
    layer: int

    @abstractmethod
    def active(self, x_TD: Tensor) -> ActiveFeatures:
        """Every active feature of every token.

        Args:
            x_TD: residual after block `layer`; rounded to the SAE's dtype, accumulated in fp32.

        Raises:
            ValueError: the residual is not finite or has another width.
        """

    @abstractmethod
    def encode_selected(
        self, x_TD: Tensor, indices_S: Tensor, floors_S: Tensor, document_T: Tensor, n_documents: int
    ) -> SelectedMaxima:
        """The largest activation of some features in every document, and its token.

        Args:
            x_TD: residual after block `layer`, as for `active`.
            indices_S: the features, int64; on the CPU or the residual's device.
            floors_S: activations up to these are returned as 0, float32 >= 0; device as `indices_S`.
            document_T: document of every token, non-decreasing int64.
            n_documents: N; a document may have no token.

        Returns:
            maxima_NS float32, 0 where the feature is active on no token, or not above its floor; tokens_NS int64, -1
            there.

        Raises:
            ValueError: the residual is not finite or has another width.
        """

    @abstractmethod
    def membership(self) -> dict[str, Any]:
        """What decides which features are active: fields of the constructor beside the weights."""

    @property
    def d_sae(self) -> int:
        """Number of features."""
        return self.W_enc_FD.shape[0]

    @property
    def d_model(self) -> int:
        """Width of the residual stream."""
        return self.W_enc_FD.shape[1]

    def to(self, device: torch.device) -> Self:
        """The same SAE with its tensors on a device."""
        moved: Mapping[str, Tensor] = {
            field.name: value.to(device)
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), Tensor)
        }
        return replace(self, **moved)  # type: ignore[arg-type]

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

    def decode(self, active: ActiveFeatures) -> Tensor:
        """Reconstruct the residual from active features.

        Args:
            active: result of `active`.

        Returns:
            recon_TD fp32.

        Raises:
            ScopeError: the SAE was read without its decoder.
        """
        if self.W_dec_DF is None or self.b_dec_D is None:
            raise ScopeError(
                f"the SAE of layer {self.layer} was read without its decoder; use .sae(layer, decoder=True)"
            )
        # an embedding-bag sum gathers the active columns of a token instead of materialising [T, F]
        return (
            torch.nn.functional.embedding_bag(
                active.indices_E,
                self.W_dec_DF.T.float(),
                active.starts_T[:-1],
                per_sample_weights=active.values_E.float(),
                mode="sum",
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
        error = (x_TD - self.decode(self.active(x_TD))).double().square().sum()
        spread = (x_TD - x_TD.mean(dim=0)).double().square().sum()
        return float(error / spread)
