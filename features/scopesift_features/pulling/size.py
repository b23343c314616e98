"""Download and memory sizes of a scope, without fetching weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from scopesift_files.atomic import read_json

from scopesift_features.backbone.checkpoint_index import INDEX, WHOLE, needed_tensors
from scopesift_features.catalogue.entry import CatalogueEntry
from scopesift_features.catalogue.folder import read_record
from scopesift_features.catalogue.table import entry_folder
from scopesift_features.pulling.hub import HuggingFaceHub, fetched
from scopesift_features.sae.config import find_layers


@dataclass(frozen=True)
class BackboneSize:
    """A group's backbone on the hub.

    Attributes:
        shards: bytes of its shards that are not in the hub's cache.
        folder: holds the backbone's config.json.
    """

    shards: int
    folder: Path


def size_pull(hub: HuggingFaceHub, entry: CatalogueEntry, layers: Sequence[int]) -> BackboneSize:
    """Check access to the SAEs on the hub, and size the backbone's shards that a pull of these layers fetches.

    config.json and the shards' index are fetched into the hub's cache, some kilobytes.

    Args:
        hub: the group's hub.
        entry: a group.
        layers: layers to pull.

    Raises:
        ScopeError: unreachable, no access, or a repository that lacks a file.
    """
    folder = entry_folder(entry)
    record = read_record(folder) if (folder / "scope.json").is_file() else None
    if record is None:
        hub.resolve(entry.sae, entry.sae_revision, entry.file_of(layers[0]))  # checks access
        commit = hub.resolve(entry.backbone, entry.backbone_revision, "config.json")
    else:
        hub.missing_bytes(entry.sae, record.sae_revision, entry.file_of(layers[0]))
        commit = record.backbone_revision
    config = fetched(hub.fetch(entry.backbone, commit, "config.json"), entry.backbone, "config.json")
    index = hub.fetch_optional(entry.backbone, commit, INDEX)
    shards = {WHOLE}
    if index is not None:
        weight_map = read_json(index, "the backbone is damaged on the hub or in the cache").get(
            "weight_map", {}
        )
        shards = set(needed_tensors(weight_map, max(layers)).values())
    return BackboneSize(
        shards=sum(hub.missing_bytes(entry.backbone, commit, shard) for shard in shards),
        folder=config.parent,
    )


def missing_sae_bytes(entry: CatalogueEntry, layers: Sequence[int]) -> int:
    """Disk space that `pull` needs for missing layers: their files and one download."""
    new = set(layers) - set(find_layers(entry_folder(entry) / "sae"))
    return entry.sae_bytes * (len(new) + 1) if new else 0


def encoder_bytes(d_model: int, d_sae: int, sae_dtype: str, layers: int, *, beside: str = "float32") -> int:
    """Memory of the encoders of `layers` layers; classification doesn't need the decoders.

    Args:
        d_model: the residual's width.
        d_sae: features of a layer.
        sae_dtype: precision of the weights in memory.
        layers: number of layers.
        beside: the residuals' precision. For bfloat16 residuals on a GPU, float32 weights are stored a second time as
            three bfloat16 parts; on a CPU pass "float32".
    """
    dtype: torch.dtype = getattr(torch, sae_dtype)
    parts = 6 if (sae_dtype, beside) == ("float32", "bfloat16") else 0
    return layers * (d_model * d_sae * (dtype.itemsize + parts) + d_sae * dtype.itemsize)


def encoder_flops(d_model: int, d_sae: int) -> float:
    """Floating-point operations of one product of a token with an encoder."""
    return 2.0 * d_model * d_sae
