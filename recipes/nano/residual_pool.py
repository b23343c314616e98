"""Residuals of many documents after every block, held in memory for the SAEs to train on."""

from __future__ import annotations

import numpy as np
import torch
from rich.progress import track
from torch import Tensor
from transformers import Qwen3ForCausalLM

from recipes.nano.language_model import SEQUENCE, Trunk
from recipes.nano.mixture import END_OF_TEXT_ID

EXTREME_NORM = 6.0
ROWS = 32


@torch.inference_mode()
def pool_residuals(model: Qwen3ForCausalLM, documents: list[np.ndarray], note: str) -> list[Tensor]:
    """Run documents through the model as they are read in use: one at a time behind the prefix, right-padded.

    The prefix token is left out, and so are tokens whose norm exceeds `EXTREME_NORM` times the median of their
    layer, as Qwen-Scope's SAEs were trained.

    Args:
        model: The trained language model.
        documents: Token ids; each is cut to nano's window.
        note: What the progress bar says.

    Returns:
        One fp16 tensor `[tokens, d_model]` a block, on the CPU.
    """
    trunk = Trunk(model).eval()
    ordered = sorted((document[: SEQUENCE - 1] for document in documents if len(document)), key=len)
    blocks: list[list[Tensor]] = [[] for _ in model.model.layers]
    for start in track(range(0, len(ordered), ROWS), description=note, transient=True):
        rows = ordered[start : start + ROWS]
        ids = np.full((len(rows), 1 + len(rows[-1])), END_OF_TEXT_ID, dtype=np.int64)
        keep = np.zeros(ids.shape, dtype=bool)
        for index, row in enumerate(rows):
            ids[index, 1 : 1 + len(row)] = row
            keep[index, 1 : 1 + len(row)] = True
        _, states = trunk(torch.from_numpy(ids).to(model.device))
        mask = torch.from_numpy(keep).to(model.device)
        for block, state in zip(blocks, states, strict=True):
            block.append(state[mask].half().cpu())
    pooled = [torch.cat(block) for block in blocks]
    return [without_extremes(residual) for residual in pooled]


def without_extremes(residual_TD: Tensor) -> Tensor:
    """Drop tokens with an extreme norm; `[T, D]` in, at most `[T, D]` out."""
    norms = residual_TD.float().norm(dim=1)
    return residual_TD[norms <= EXTREME_NORM * norms.median()]
