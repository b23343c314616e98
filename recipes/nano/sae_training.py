"""TopK SAEs with an auxiliary loss for dead features (Gao et al. 2024), in Qwen-Scope's semantics."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from scopesift_features.sae import TopKSAE
from torch import Tensor, nn

EXPANSION = 16
DEAD_AFTER_TOKENS = 150_000
AUXILIARY_K = 96
AUXILIARY_WEIGHT = 1 / 16
BATCH, GPU_BATCH = 2048, 8192
MEASURE_EVERY = 25


@dataclass(frozen=True)
class SaeQuality:
    """How faithful an SAE is on held-out text without prefix tokens.

    Attributes:
        fvu: Fraction of variance unexplained.
        dead: Share of features that no held-out token fires.
        active: Mean number of positive activations a token.
    """

    fvu: float
    dead: float
    active: float


class _Weights(nn.Module):
    """Encoder and decoder in the scale of residuals divided by `scale`."""

    def __init__(self, residual_TD: Tensor, k: int) -> None:
        super().__init__()
        d_model = residual_TD.shape[1]
        sample = residual_TD[:65536].float()
        self.scale = float(sample.norm(dim=1).mean() / d_model**0.5)
        mean = sample.mean(0) / self.scale
        directions = F.normalize(torch.randn(EXPANSION * d_model, d_model), dim=1)
        self.k = k
        self.encoder_FD = nn.Parameter(directions.clone())
        self.decoder_FD = nn.Parameter(directions.clone())
        self.decoder_bias_D = nn.Parameter(mean)
        self.encoder_bias_F = nn.Parameter(-(directions @ mean))

    def unit_decoder(self) -> None:
        """Bring the decoder's directions back to length 1, so that activations mean the same everywhere."""
        with torch.no_grad():
            self.decoder_FD.div_(self.decoder_FD.norm(dim=1, keepdim=True))


def _decode(weights: _Weights, values: Tensor, indices: Tensor) -> Tensor:
    dense = torch.zeros(len(values), len(weights.decoder_FD), device=values.device, dtype=values.dtype)
    return dense.scatter(1, indices, values) @ weights.decoder_FD


def _loss(weights: _Weights, x_TD: Tensor, dead_F: Tensor) -> tuple[Tensor, Tensor]:
    """Normalised squared error plus the auxiliary error of the dead features, and the features that fired."""
    pre_TF = F.linear(x_TD, weights.encoder_FD, weights.encoder_bias_F)
    values, indices = pre_TF.topk(weights.k, dim=1, sorted=False)
    error = x_TD - (_decode(weights, values.relu(), indices) + weights.decoder_bias_D)
    spread = (x_TD - x_TD.mean(0)).square().sum()
    loss = error.square().sum() / spread
    n_dead = int(dead_F.sum())
    if n_dead > 0:
        candidates = pre_TF.masked_fill(~dead_F, -torch.inf)
        values_dead, indices_dead = candidates.topk(min(AUXILIARY_K, n_dead), dim=1, sorted=False)
        target = error.detach()
        rest = target - _decode(weights, values_dead.relu(), indices_dead)
        loss = loss + AUXILIARY_WEIGHT * rest.square().sum() / target.square().sum()
    return loss, indices


def train_sae(
    residual_TD: Tensor, layer: int, *, k: int, minutes: float, say: Callable[[str], None]
) -> TopKSAE:
    """Train the SAE of one layer within a time budget.

    Args:
        residual_TD: fp16 `[T, D]` on the CPU, extremes already dropped.
        layer: The block that it was read after.
        k: Active features a token.
        minutes: Wall-clock budget.
        say: Receives a line when done.

    Returns:
        The SAE in fp32 on the CPU; input scaling is folded into the weights, so encoding needs none.
    """
    torch.manual_seed(layer)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    weights = _Weights(residual_TD, k).to(device)
    optimizer = torch.optim.Adam(weights.parameters(), lr=1e-3, betas=(0.9, 0.99), eps=1e-8)
    silent_F = torch.zeros(len(weights.encoder_FD), device=device)
    budget, started, seen, loss_mean = minutes * 60, time.monotonic(), 0, 1.0
    batch = GPU_BATCH if device == "cuda" else BATCH
    residual_TD = residual_TD.to(device)
    order = torch.randperm(len(residual_TD)).to(device)
    with Progress(
        TextColumn(f"SAE {layer}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeElapsedColumn()
    ) as bar:
        task = bar.add_task("", total=budget, note="")
        while (elapsed := time.monotonic() - started) < budget:
            share = elapsed / budget
            for group in optimizer.param_groups:
                group["lr"] = 1e-3 * min(1.0, share / 0.02 + 0.05, (1 - share) / 0.3)
            at = seen % max(1, len(order) - batch)
            x_TD = residual_TD[order[at : at + batch]].float() / weights.scale
            loss, fired = _loss(weights, x_TD, silent_F > DEAD_AFTER_TOKENS)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            weights.unit_decoder()
            silent_F += len(x_TD)
            silent_F[fired.unique()] = 0
            seen += len(x_TD)
            if (seen // batch) % MEASURE_EVERY == 0:
                loss_mean = float(loss.detach())
                dead = float((silent_F > DEAD_AFTER_TOKENS).float().mean())
                bar.update(
                    task,
                    completed=elapsed,
                    note=f"{seen / 1e6:.2f}M tokens, loss {loss_mean:.3f}, dead {dead:.1%}",
                )
    say(f"layer {layer}: {seen / 1e6:.2f}M tokens, last loss {loss_mean:.3f}")
    with torch.no_grad():
        return TopKSAE(
            W_enc_FD=weights.encoder_FD.detach().cpu().contiguous(),
            b_enc_F=(weights.encoder_bias_F * weights.scale).detach().cpu(),
            W_dec_DF=weights.decoder_FD.detach().T.cpu().contiguous(),
            b_dec_D=(weights.decoder_bias_D * weights.scale).detach().cpu(),
            k=k,
            layer=layer,
        )


def measure_sae(sae: TopKSAE, residual_TD: Tensor) -> SaeQuality:
    """Measure an SAE on held-out residuals `[T, D]`."""
    top = sae.encode(residual_TD.float())
    fired = torch.zeros(sae.d_sae, dtype=torch.bool)
    fired[top.indices_TK[top.values_TK > 0]] = True
    return SaeQuality(
        fvu=sae.fvu(residual_TD.float()),
        dead=1 - float(fired.float().mean()),
        active=float((top.values_TK > 0).sum(1).float().mean()),
    )
