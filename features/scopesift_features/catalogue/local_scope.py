"""Writing a scope made on this machine: its backbone, tokenizer and SAEs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from scopesift_files.atomic import write_atomically, write_json
from scopesift_files.errors import ScopeError
from torch import Tensor

from scopesift_features.catalogue.folder import ScopeRecord
from scopesift_features.catalogue.settings import ReadingSettings
from scopesift_features.sae.autoencoder import SparseAutoencoder
from scopesift_features.sae.config import SAEConfig, find_layers
from scopesift_features.sae.files import write_safetensors
from scopesift_features.tensor_file import write_tensors

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


def write_local_scope(
    folder: Path,
    *,
    id: str,
    settings: ReadingSettings,
    licence: str,
    backbone_config: Mapping[str, Any],
    backbone_state: Mapping[str, Tensor],
    tokenizer: PreTrainedTokenizerFast,
    saes: Sequence[SparseAutoencoder],
    storage_dtype: torch.dtype = torch.float32,
) -> None:
    """Write a whole scope; every file atomically, and scope.json last.

    Args:
        folder: created if needed; SAE files of layers that are not in `saes` are removed.
        id: the scope's name.
        settings: how texts are read.
        licence: of the weights.
        backbone_config: transformers' configuration as a dictionary.
        backbone_state: transformers' state dictionary; an LM head is left out.
        tokenizer: a fast tokenizer.
        saes: one or more SAEs with decoders, all of one size.
        storage_dtype: precision on disk.

    Raises:
        ScopeError: no SAE, SAEs of different sizes, values too large for storage_dtype, or a file can't be written.
    """
    if not saes:
        raise ScopeError("a scope needs at least one SAE")
    sizes = {(sae.model_type, sae.d_model, sae.d_sae, sae.membership().get("k")) for sae in saes}
    if len(sizes) > 1:
        raise ScopeError(
            f"the SAEs of a scope must share their kind, d_model, d_sae and k; found {sorted(sizes)}"
        )
    model_type, d_model, d_sae, k = sizes.pop()
    (folder / "scope.json").unlink(missing_ok=True)
    write_backbone(folder / "backbone", backbone_config, backbone_state, tokenizer, storage_dtype)
    sae_folder = folder / "sae"
    num_layers = int(backbone_config["num_hidden_layers"])
    SAEConfig(id, d_model, d_sae, k, num_layers, model_type).write(sae_folder)
    written = {write_safetensors(sae, sae_folder, dtype=storage_dtype) for sae in saes}
    for layer in find_layers(sae_folder):
        path = sae_folder / f"layer{layer}.sae.safetensors"
        if path not in written:
            path.unlink()
    ScopeRecord(id=id, settings=settings, licence=licence, backbone=id, sae=id).write(folder)


def write_backbone(
    folder: Path,
    config: Mapping[str, Any],
    state: Mapping[str, Tensor],
    tokenizer: PreTrainedTokenizerFast,
    storage_dtype: torch.dtype,
) -> None:
    """Write config.json, model.safetensors, tokenizer.json and tokenizer_config.json, each atomically.

    Raises:
        ScopeError: values too large for storage_dtype, or a file can't be written.
    """
    stored = {
        key: value.detach().to("cpu", storage_dtype).contiguous()
        for key, value in state.items()
        if not key.startswith("lm_head.")
    }
    for key, value in stored.items():
        if not bool(torch.isfinite(value.float().sum())):
            raise ScopeError(f"{folder}: {key} is not finite in {storage_dtype}; store it in a wider type")
    write_json(folder / "config.json", config)
    write_tensors(folder / "model.safetensors", stored)
    write_atomically(folder / "tokenizer.json", lambda path: tokenizer.backend_tokenizer.save(str(path)))
    special = {
        name: str(token) for name, token in tokenizer.special_tokens_map.items() if isinstance(token, str)
    }
    write_json(folder / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", **special})
