"""What an encode works on: checked residuals, encoder and membership, and what is asked of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch

# Pre-activations below this can't overflow float32, whatever the order of accumulation.
_SAFE = 1e38
_TOKENS_AT_ONCE = 8192


@dataclass(frozen=True)
class Inputs:
    """Checked residuals and encoder of one encode.

    The residuals' entries are checked separately, by `may_overflow`: reading them synchronises with the GPU, and back
    ends combine that with other reads.

    Attributes:
        x_TD: residuals `[T, D]`, float32, bfloat16 or float16.
        W_enc_FD: encoder weights `[F, D]`, finite, same device.
        b_enc_F: encoder bias, float32 `[F]`, finite, contiguous.
        w_norm: largest Euclidean norm of an encoder row.
        b_largest: largest magnitude in the bias.
    """

    x_TD: torch.Tensor
    W_enc_FD: torch.Tensor
    b_enc_F: torch.Tensor
    w_norm: float
    b_largest: float

    @property
    def n_tokens(self) -> int:
        """T."""
        return self.x_TD.shape[0]

    @property
    def n_features(self) -> int:
        """F."""
        return self.W_enc_FD.shape[0]

    @cached_property
    def x_norm_T(self) -> torch.Tensor:
        """Euclidean norms of the residuals, float32 `[T]`."""
        norm_T = torch.empty(self.n_tokens, device=self.x_TD.device)
        for start in range(0, self.n_tokens, _TOKENS_AT_ONCE):
            rows = slice(start, start + _TOKENS_AT_ONCE)
            norm_T[rows] = torch.linalg.vector_norm(self.x_TD[rows], dim=1, dtype=torch.float32)
        return norm_T

    @property
    def x_norm(self) -> float:
        """Largest norm of a residual, 0 if there are none."""
        return float(self.x_norm_T.max()) if self.n_tokens else 0.0

    def largest_entry(self) -> torch.Tensor:
        """Largest magnitude in the residuals, float32 `[1]` on their device.

        NaN if an entry is NaN, 0 if there are none. Doesn't synchronise with the device. No residual's norm exceeds
        sqrt(D) times this.
        """
        if not self.x_TD.numel():
            return torch.zeros(1, device=self.x_TD.device)
        return torch.linalg.vector_norm(self.x_TD, float("inf"), dtype=torch.float32)[None]

    def may_overflow(self, x_norm: float) -> bool:
        """Whether a pre-activation may overflow float32; only the reference back end checks each one.

        Args:
            x_norm: upper bound of the residuals' norms; NaN or infinite if an entry is.

        Raises:
            ValueError: a residual holds NaN or infinity.
        """
        if not x_norm < float("inf"):  # squares may overflow although the entries are finite
            _check_tokens(self.x_TD)
        return not x_norm * self.w_norm + self.b_largest < _SAFE


@dataclass(frozen=True)
class Problem(Inputs):
    """Checked inputs of a TopK encode.

    Attributes:
        k: active features per token, 1 to F.
    """

    k: int


@dataclass(frozen=True)
class JumpReLUProblem(Inputs):
    """Checked inputs of a JumpReLU encode.

    Attributes:
        threshold_F: float32 `[F]`, finite, >= 0, contiguous: a feature is active above it.
    """

    threshold_F: torch.Tensor


@dataclass(frozen=True)
class Selection:
    """Which features are read for which documents.

    Attributes:
        features_S: int64 `[S]`, indices into the encoder's rows; may repeat.
        documents_T: int64 `[T]`, document of each token, non-decreasing, below `n_documents`; checked by `check_order`,
            not here.
        floors_S: float32 `[S]`, finite, >= 0.
        n_documents: N; documents without tokens are allowed.
    """

    features_S: torch.Tensor
    documents_T: torch.Tensor
    floors_S: torch.Tensor
    n_documents: int

    def check_order(self) -> None:
        """Check the order and range of the documents.

        Raises:
            ValueError: they decrease, or lie outside of 0..n_documents - 1.
        """
        check_documents(self.documents_T, self.n_documents)


def check_documents(documents_T: torch.Tensor, n_documents: int | None) -> int:
    """The least number of documents, one more than the last index. Synchronises with the device once.

    Raises:
        ValueError: the documents decrease, or lie outside of 0..n_documents - 1.
    """
    if not documents_T.numel():
        return 0
    falls = (documents_T[1:] < documents_T[:-1]).any()
    first, last, falling = torch.stack(
        (documents_T[0], documents_T[-1], falls.to(documents_T.dtype))
    ).tolist()
    if falling or first < 0:
        raise ValueError("documents_T has to be non-decreasing from 0: sort the tokens by document")
    if n_documents is not None and n_documents < last + 1:
        raise ValueError(
            f"n_documents has to be at least {last + 1}, one more than the last document: not {n_documents}"
        )
    return int(last) + 1


def _check_tokens(x_TD: torch.Tensor) -> None:
    finite_T = torch.isfinite(x_TD).all(dim=1)
    if not bool(finite_T.all()):
        bad = int((~finite_T).nonzero()[0])
        raise ValueError(f"x_TD has to be finite; token {bad} is not: check the backbone's dtype")
