"""Tiny GGUF files, written with llama.cpp's own package and names from models of transformers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

SIZES = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 512,
    "initializer_range": 0.2,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10_000.0,
    "tie_word_embeddings": True,
    "pad_token_id": 0,
    "bos_token_id": 0,
    "eos_token_id": 0,
}
BLOCK_NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
NAMES = {"embed_tokens": "token_embd", "norm": "output_norm"}
CONTROL, NORMAL, USER_DEFINED = 3, 1, 4


@dataclass
class Made:
    """A GGUF file, and the model and tokenizer that it was made from."""

    path: Path
    model: Any
    tokenizer: Any


def _model(architecture, vocabulary, **sizes):
    from transformers import LlamaConfig, LlamaModel, Qwen2Config, Qwen2Model, Qwen3Config, Qwen3Model

    kinds = {
        "llama": (LlamaConfig, LlamaModel),
        "qwen2": (Qwen2Config, Qwen2Model),
        "qwen3": (Qwen3Config, Qwen3Model),
    }
    config, model = kinds[architecture]
    torch.manual_seed(0)
    made = model(config(vocab_size=vocabulary, **{**SIZES, **sizes})).eval()
    with torch.no_grad():
        for name, weight in made.named_parameters():
            if name.endswith("bias"):
                weight.normal_()
    return made


def _gguf_name(name):
    stem, _, ending = name.rpartition(".")
    if stem in NAMES:
        return f"{NAMES[stem]}.{ending}"
    _, number, rest = stem.split(".", 2)
    return f"blk.{number}.{BLOCK_NAMES[rest]}.{ending}"


def _rows_for_llama_cpp(weight, n_heads):
    """llama.cpp rotates neighbouring pairs of a head, transformers its halves."""
    heads = weight.reshape(n_heads, 2, weight.shape[0] // n_heads // 2, *weight.shape[1:])
    return heads.swapaxes(1, 2).reshape(weight.shape)


def _add_tensors(writer, architecture, model, kind):
    import gguf

    config = model.config
    stored = {}
    for name, value in model.state_dict().items():
        array = value.numpy()
        if architecture == "llama" and ".q_proj." in name:
            array = _rows_for_llama_cpp(array, config.num_attention_heads)
        if architecture == "llama" and ".k_proj." in name:
            array = _rows_for_llama_cpp(array, config.num_key_value_heads)
        of = gguf.GGMLQuantizationType[kind if array.ndim == 2 else "F32"]
        packed = gguf.quants.quantize(np.ascontiguousarray(array), of)
        stored[name] = gguf.quants.dequantize(packed, of).reshape(array.shape)
        writer.add_tensor(_gguf_name(name), packed, raw_dtype=of)
    return stored


def _add_vocabulary(writer, backend, pre, kind):
    import json

    content = json.loads(backend.to_str())
    added = {token["content"]: token["special"] for token in content["added_tokens"]}
    tokens = sorted(backend.get_vocab(), key=backend.get_vocab().get)
    types = [(CONTROL if added[one] else USER_DEFINED) if one in added else NORMAL for one in tokens]
    writer.add_tokenizer_model(kind)
    if pre is not None:
        writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges([" ".join(pair) for pair in content["model"]["merges"]])


def write(path, architecture, model, backend, *, pre="gpt-2", kind="F32", vocabulary="gpt2", more=None):
    """Write a model and a tokenizer as llama.cpp's converter does; `more` gets the writer at the end."""
    import gguf

    config = model.config
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name("tiny")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim if architecture != "qwen2" else 8)
    writer.add_value_length(8)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    _add_vocabulary(writer, backend, pre, vocabulary)
    stored = _add_tensors(writer, architecture, model, kind)
    if more is not None:
        more(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    # what the file holds after rounding, in transformers' layout
    for name, array in stored.items():
        rows = array
        if architecture == "llama" and (".q_proj." in name or ".k_proj." in name):
            n_heads = config.num_attention_heads if ".q_proj." in name else config.num_key_value_heads
            pairs = array.reshape(n_heads, array.shape[0] // n_heads // 2, 2, -1)
            rows = pairs.swapaxes(1, 2).reshape(array.shape)
        model.get_parameter(name).data = torch.from_numpy(np.ascontiguousarray(rows))
    return path


@pytest.fixture(scope="session")
def write_gguf():
    """`write(path, architecture, model, backend, …)`."""
    return write


@pytest.fixture(scope="session")
def random_decoder():
    """`_model(architecture, vocabulary, **sizes)`: a random model of transformers."""
    return _model


@pytest.fixture(scope="session")
def bpe_tokenizer():
    """A byte-level BPE tokenizer."""
    from tests.conftest import make_tokenizer

    return make_tokenizer().backend_tokenizer


@pytest.fixture(scope="session")
def gguf_file(tmp_path_factory, bpe_tokenizer):
    """`gguf_file(architecture, kind)`: a file and what it was made from; do not change them."""
    found = {}

    def get(architecture="llama", kind="F32"):
        if (architecture, kind) not in found:
            model = _model(architecture, bpe_tokenizer.get_vocab_size())
            path = tmp_path_factory.mktemp(architecture) / "tiny.gguf"
            write(path, architecture, model, bpe_tokenizer, kind=kind)
            found[architecture, kind] = Made(path, model, bpe_tokenizer)
        return found[architecture, kind]

    return get
