"""BERT's encoder as multilingual-e5-small uses it, in plain torch.

The same arithmetic as transformers' `BertModel` (a test compares them), without its import, which costs two seconds and
200 MB at every start. Architecture: Devlin et al. 2018, arXiv 1810.04805.
"""

from __future__ import annotations

from types import SimpleNamespace

import torch
from torch import Tensor, nn
from torch.nn import functional

from scopesift_features.backbone.e5.packed_embedding import PackedEmbedding
from scopesift_features.backbone.e5.q4_file import Q4Header


class E5Encoder(nn.Module):
    """Embeddings and the first blocks, without pooler.

    Attributes:
        config: has `num_hidden_layers`, with which `Backbone` finds the blocks.
    """

    def __init__(self, header: Q4Header, words: PackedEmbedding, n_blocks: int) -> None:
        """Create the modules; the weights are loaded afterwards.

        Args:
            header: sizes.
            words: the word embedding.
            n_blocks: number of blocks.
        """
        super().__init__()
        self.config = SimpleNamespace(num_hidden_layers=n_blocks)
        self.words = words
        self.positions = nn.Embedding(header.positions, header.hidden)
        self.types = nn.Embedding(header.token_types, header.hidden)
        self.norm = nn.LayerNorm(header.hidden, header.epsilon)
        self.blocks = nn.ModuleList(E5Block(header) for _ in range(n_blocks))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Residual stream after the last block.

        Args:
            input_ids: `[B, T]` int64.
            attention_mask: `[B, T]`, 1 on tokens, 0 on padding.

        Returns:
            `[B, T, D]`.
        """
        place_T = torch.arange(input_ids.shape[1], device=input_ids.device)
        # in BERT's order of addition, for the same rounding
        x_BTD = self.words(input_ids) + self.types.weight[0] + self.positions(place_T)
        return self.run_on(self.norm(x_BTD), attention_mask, -1)

    def run_on(self, x_BTD: Tensor, attention_mask: Tensor, after: int) -> Tensor:
        """Residual stream after the last block, from that after block `after` (-1: the embeddings).

        Args:
            x_BTD: `[B, T, D]`.
            attention_mask: as in `forward`.
            after: the block.
        """
        mask_B11T = attention_mask.bool()[:, None, None]
        for block in self.blocks[after + 1 :]:
            x_BTD = block(x_BTD, mask_B11T)
        return x_BTD


class Linear(nn.Linear):
    """A linear layer without random initialisation: its weights come from the file."""

    def reset_parameters(self) -> None:
        """Do nothing; on the "meta" device initialisation would import torch's compiler (1 s, 150 MB)."""


class E5Block(nn.Module):
    """One post-norm block: attention, then a feed-forward with exact GELU, each added to its input and normalised."""

    def __init__(self, header: Q4Header) -> None:
        super().__init__()
        self.heads = header.heads
        self.query = Linear(header.hidden, header.hidden)
        self.key = Linear(header.hidden, header.hidden)
        self.value = Linear(header.hidden, header.hidden)
        self.attended = Linear(header.hidden, header.hidden)
        self.attention_norm = nn.LayerNorm(header.hidden, header.epsilon)
        self.inner = Linear(header.hidden, header.intermediate)
        self.outer = Linear(header.intermediate, header.hidden)
        self.output_norm = nn.LayerNorm(header.hidden, header.epsilon)

    def forward(self, x_BTD: Tensor, mask_B11T: Tensor) -> Tensor:
        """`[B, T, D]` to `[B, T, D]`; the mask, bool, is False on padding."""
        query, key, value = (
            part(x_BTD).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        mixed_BHTd = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask_B11T)
        mixed_BTD = mixed_BHTd.transpose(1, 2).flatten(-2)
        x_BTD = self.attention_norm(self.attended(mixed_BTD) + x_BTD)
        return self.output_norm(self.outer(functional.gelu(self.inner(x_BTD))) + x_BTD)
