"""A stand-in for a pulled group: a random Qwen3-1.7B in its real configuration and layout, with W32K SAEs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from scopesift_features.sae_files import SAEConfig
from scopesift_features.scope_folder import ScopeRecord
from scopesift_features.settings import ReadingSettings

SHARD_BYTES = 1 << 30


def write_standin(folder: Path, layers: list[int], *, quick: bool) -> Path:
    """Write backbone, tokenizer and SAEs with random weights, one shard at a time.

    Args:
        folder: an empty folder with 8 GB to spare.
        layers: layers that get an SAE.
        quick: a hundredth of the size.
    """
    config = real_config(quick)
    _write_backbone(folder / "backbone", config)
    _write_tokenizer(folder / "backbone")
    sae = SAEConfig(
        base_model="random Qwen3-1.7B",
        d_model=config["hidden_size"],
        d_sae=1024 if quick else 32768,
        k=50,
        num_layers=config["num_hidden_layers"],
    )
    sae.write(folder / "sae")
    for layer in layers:
        tensors = {name: torch.randn(shape) * 0.02 for name, shape in sae.shapes().items()}
        save_file(tensors, folder / "sae" / f"layer{layer}.sae.safetensors", metadata={"format": "pt"})
    record = ScopeRecord(
        id="stand-in",
        settings=ReadingSettings(window_tokens=1024, overlap_tokens=128, dtype="bfloat16"),
        licence="random numbers",
        backbone="stand-in",
        sae="stand-in",
    )
    record.write(folder)
    return folder


def real_config(quick: bool) -> dict[str, Any]:
    """Qwen3-1.7B-Base's configuration, as its config.json has it."""
    from transformers import Qwen3Config

    size = {"hidden_size": 128, "intermediate_size": 384, "vocab_size": 2048} if quick else {}
    full = {"hidden_size": 2048, "intermediate_size": 6144, "vocab_size": 151936}
    config = Qwen3Config(
        **{**full, **size},
        num_hidden_layers=28,
        num_attention_heads=16,
        num_key_value_heads=8,
        head_dim=128,
        max_position_embeddings=32768,
        rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=0,
        dtype="bfloat16",
        architectures=["Qwen3ForCausalLM"],
    )
    content: dict[str, Any] = config.to_dict()
    return content


def _write_backbone(folder: Path, config: dict[str, Any]) -> None:
    from transformers import Qwen3Config, Qwen3ForCausalLM

    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    with torch.device("meta"):
        shapes = {
            name: tensor.shape
            for name, tensor in Qwen3ForCausalLM(Qwen3Config(**config)).state_dict().items()
        }
    shapes.pop("lm_head.weight")  # tied to the embedding, so the real checkpoint does not hold it
    weight_map: dict[str, str] = {}
    shard: dict[str, torch.Tensor] = {}
    number = 1
    for name, shape in shapes.items():
        value = torch.ones(shape) if "norm" in name else torch.randn(shape) * 0.02
        shard[name] = value.to(torch.bfloat16)
        weight_map[name] = f"model-{number:05}.safetensors"
        if sum(tensor.nbytes for tensor in shard.values()) > SHARD_BYTES:
            save_file(shard, folder / weight_map[name], metadata={"format": "pt"})
            shard, number = {}, number + 1
    if shard:
        save_file(shard, folder / f"model-{number:05}.safetensors", metadata={"format": "pt"})
    index = {"metadata": {"total_size": 0}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def _write_tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text("{}")
