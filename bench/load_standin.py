"""A stand-in for a pulled group: random Qwen3 weights in a real configuration and layout, with random SAEs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from scopesift_features.sae_files import SAEConfig
from scopesift_features.scope_folder import ScopeRecord
from scopesift_features.settings import ReadingSettings

SHARD_BYTES = 1 << 30


@dataclass(frozen=True)
class Size:
    """What differs between the dense Qwen3 models that have an SAE, and the width of that."""

    hidden: int
    intermediate: int
    layers: int
    heads: int
    tied: bool
    d_sae: int
    vocabulary: int = 151936


SIZES = {
    "Qwen3-1.7B": Size(2048, 6144, 28, 16, tied=True, d_sae=32768),
    "Qwen3-8B": Size(4096, 12288, 36, 32, tied=False, d_sae=65536),
}
QUICK = Size(128, 384, 28, 16, tied=True, d_sae=1024, vocabulary=2048)


def write_standin(
    folder: Path, layers: list[int], *, quick: bool, model: str = "Qwen3-1.7B", cut: bool = False
) -> Path:
    """Write backbone, tokenizer and SAEs with random weights, one shard at a time.

    Args:
        folder: an empty folder with room for the weights: 8 GB for the smallest model.
        layers: layers that get an SAE.
        quick: a hundredth of the size.
        model: one of `SIZES`.
        cut: leave out the blocks behind the deepest of `layers`.
    """
    size = QUICK if quick else SIZES[model]
    config = real_config(size)
    _write_backbone(folder / "backbone", config, max(layers) + 1 if cut else size.layers)
    _write_tokenizer(folder / "backbone")
    sae = SAEConfig(
        base_model=f"random {model}",
        d_model=size.hidden,
        d_sae=size.d_sae,
        k=50,
        num_layers=size.layers,
    )
    sae.write(folder / "sae")
    for layer in layers:
        tensors = {name: _random(shape) for name, shape in sae.shapes().items()}
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


def real_config(size: Size) -> dict[str, Any]:
    """A Qwen3 base model's configuration, as its config.json has it."""
    from transformers import Qwen3Config

    config = Qwen3Config(
        hidden_size=size.hidden,
        intermediate_size=size.intermediate,
        vocab_size=size.vocabulary,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=8,
        head_dim=128,
        max_position_embeddings=32768,
        rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
        tie_word_embeddings=size.tied,
        bos_token_id=0,
        eos_token_id=0,
        dtype="bfloat16",
        architectures=["Qwen3ForCausalLM"],
    )
    content: dict[str, Any] = config.to_dict()
    return content


def _random(shape: tuple[int, ...]) -> torch.Tensor:
    """Normal numbers of a weight's size, made where that is fast."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return (torch.randn(shape, device=device) * 0.02).cpu()


def _write_backbone(folder: Path, config: dict[str, Any], blocks: int) -> None:
    from transformers import Qwen3Config, Qwen3ForCausalLM

    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    with torch.device("meta"):
        shapes = {
            name: tensor.shape
            for name, tensor in Qwen3ForCausalLM(Qwen3Config(**config)).state_dict().items()
        }
    if config["tie_word_embeddings"]:
        shapes.pop("lm_head.weight")  # the real checkpoint does not hold it either
    behind = tuple(f"model.layers.{layer}." for layer in range(blocks, config["num_hidden_layers"]))
    shapes = {name: shape for name, shape in shapes.items() if not name.startswith(behind)}
    weight_map: dict[str, str] = {}
    shard: dict[str, torch.Tensor] = {}
    number = 1
    for name, shape in shapes.items():
        value = torch.ones(shape) if "norm" in name else _random(shape)
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
