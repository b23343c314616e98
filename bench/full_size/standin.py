"""Stand-ins for pulled groups: random weights in a model's real configuration and layout, with random SAEs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import save_file
from scopesift_features.catalogue.folder import ScopeRecord
from scopesift_features.catalogue.settings import ReadingSettings
from scopesift_features.sae.config import SAEConfig

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

SHARD_BYTES = 1 << 30
QUICK_D_SAE = 1024


@dataclass(frozen=True)
class Standin:
    """A model with SAEs: its real configuration, one of a hundredth of the size, and the SAEs' width."""

    config: Callable[[], PreTrainedConfig]
    quick: Callable[[], PreTrainedConfig]
    d_sae: int


def _qwen3(
    hidden: int, intermediate: int, layers: int, heads: int, tied: bool, vocabulary: int = 151936
) -> PreTrainedConfig:
    """A Qwen3 base model's configuration, as its config.json has it."""
    from transformers import Qwen3Config

    return Qwen3Config(
        hidden_size=hidden,
        intermediate_size=intermediate,
        vocab_size=vocabulary,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=8,
        head_dim=128,
        max_position_embeddings=32768,
        rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
        tie_word_embeddings=tied,
        bos_token_id=0,
        eos_token_id=0,
        dtype="bfloat16",
        architectures=["Qwen3ForCausalLM"],
    )


def _qwen3_5(
    hidden: int, intermediate: int, layers: int, heads: int, linear_heads: int, vocabulary: int = 248320
) -> PreTrainedConfig:
    """The language model of a Qwen3.5 checkpoint: three linear-attention blocks to one of full attention."""
    from transformers import Qwen3_5TextConfig

    return Qwen3_5TextConfig(
        hidden_size=hidden,
        intermediate_size=intermediate,
        vocab_size=vocabulary,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=2,
        head_dim=256,
        linear_num_key_heads=linear_heads,
        linear_num_value_heads=linear_heads,
        linear_key_head_dim=128,
        linear_value_head_dim=128,
        linear_conv_kernel_dim=4,
        max_position_embeddings=262144,
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=0,
        dtype="bfloat16",
        architectures=["Qwen3_5ForCausalLM"],
    )


_QUICK = partial(_qwen3, 128, 384, 28, 16, True, vocabulary=2048)
STANDINS = {
    "Qwen3-1.7B": Standin(partial(_qwen3, 2048, 6144, 28, 16, True), _QUICK, 32768),
    "Qwen3-8B": Standin(partial(_qwen3, 4096, 12288, 36, 32, False), _QUICK, 65536),
    "Qwen3.5-2B": Standin(
        partial(_qwen3_5, 2048, 6144, 24, 8, 16),
        partial(_qwen3_5, 128, 384, 24, 2, 2, vocabulary=2048),
        32768,
    ),
}


def write_standin(
    folder: Path, layers: list[int], *, quick: bool, model: str = "Qwen3-1.7B", cut: bool = False
) -> Path:
    """Write backbone, tokenizer and SAEs with random weights, one shard at a time.

    Args:
        folder: an empty folder; the weights of the smallest model take 8 GB.
        layers: layers that get an SAE.
        quick: a hundredth of the size.
        model: one of `STANDINS`.
        cut: leave out the blocks after the deepest of `layers`.
    """
    standin = STANDINS[model]
    config = standin.quick() if quick else standin.config()
    _write_backbone(folder / "backbone", config, max(layers) + 1 if cut else config.num_hidden_layers)
    _write_tokenizer(folder / "backbone")
    sae = SAEConfig(
        base_model=f"random {model}",
        d_model=config.hidden_size,
        d_sae=QUICK_D_SAE if quick else standin.d_sae,
        k=50,
        num_layers=config.num_hidden_layers,
    )
    sae.write(folder / "sae")
    for layer in layers:
        tensors = {name: _random(shape) for name, shape in sae.shapes().items()}
        save_file(tensors, folder / "sae" / f"layer{layer}.sae.safetensors", metadata={"format": "pt"})
    write_record(folder, "float32")
    return folder


def write_record(folder: Path, sae_dtype: str) -> None:
    """Write a stand-in's scope.json.

    Args:
        folder: a stand-in.
        sae_dtype: precision of its SAEs in use.
    """
    record = ScopeRecord(
        id="stand-in",
        settings=ReadingSettings(
            window_tokens=1024, overlap_tokens=128, dtype="bfloat16", sae_dtype=sae_dtype
        ),
        licence="random numbers",
        backbone="stand-in",
        sae="stand-in",
        backbone_revision="random",  # with revisions the weights needn't be hashed to identify the scope
        sae_revision="random",
    )
    record.write(folder)


def _random(shape: tuple[int, ...]) -> torch.Tensor:
    """Normal random numbers of a weight's size, generated on a GPU if there is one."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return (torch.randn(shape, device=device) * 0.02).cpu()


def _write_backbone(folder: Path, config: PreTrainedConfig, blocks: int) -> None:
    from transformers import AutoModelForCausalLM

    folder.mkdir(parents=True)
    content: dict[str, Any] = config.to_dict()
    (folder / "config.json").write_text(json.dumps(content, indent=2))
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    shapes = {name: tensor.shape for name, tensor in model.state_dict().items()}
    if config.tie_word_embeddings:
        shapes.pop("lm_head.weight")  # not in the real checkpoint either
    behind = tuple(f"model.layers.{layer}." for layer in range(blocks, config.num_hidden_layers))
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
