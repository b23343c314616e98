"""What a pull would fetch, and what a scope's weights would take in memory, without fetching any weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from scopesift_files.atomic import read_json

from scopesift_features.backbone.checkpoint_index import INDEX, WHOLE, needed_tensors
from scopesift_features.catalogue.folder import read_record
from scopesift_features.catalogue.table import CatalogueEntry, entry_folder
from scopesift_features.pulling.hub import HuggingFaceHub, fetched
from scopesift_features.sae.files import find_layers


@dataclass(frozen=True)
class BackboneSize:
    """What the hub says of a group's backbone.

    Attributes:
        shards: bytes of the backbone's shards that the hub's cache lacks.
        folder: holds the backbone's config.json.
    """

    shards: int
    folder: Path


def size_pull(hub: HuggingFaceHub, entry: CatalogueEntry, layers: Sequence[int]) -> BackboneSize:
    """Ask the hub whether it gives the SAEs, and what a pull of these layers would fetch of the backbone.

    config.json and the shards' index are fetched into the hub's cache, some kilobytes.

    Args:
        hub: where the group lies.
        entry: a group.
        layers: layers that are wanted.

    Raises:
        ScopeError: unreachable, no access, or a repository that lacks a file.
    """
    folder = entry_folder(entry)
    record = read_record(folder) if (folder / "scope.json").is_file() else None
    if record is None:
        hub.resolve(entry.sae, entry.sae_revision, f"layer{layers[0]}.sae.pt")  # may it be read?
        commit = hub.resolve(entry.backbone, entry.backbone_revision, "config.json")
    else:
        hub.missing_bytes(entry.sae, record.sae_revision, f"layer{layers[0]}.sae.pt")
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
    """What `pull` wants to be free for the layers that are not here: theirs, and one download that is read."""
    new = set(layers) - set(find_layers(entry_folder(entry) / "sae"))
    return entry.sae_bytes * (len(new) + 1) if new else 0


def encoder_bytes(d_model: int, d_sae: int, sae_dtype: str, layers: int, *, beside: str = "float32") -> int:
    """Memory of the encoders of so many layers; classification never needs the decoders.

    Args:
        d_model: the residual's width.
        d_sae: features of a layer.
        sae_dtype: precision in which they are held.
        layers: how many.
        beside: precision of the residuals that a GPU multiplies them with. To meet bfloat16 in full, float32 weights
            are kept a second time there, as three bfloat16 parts. On a processor they are not, as for float32.
    """
    dtype: torch.dtype = getattr(torch, sae_dtype)
    parts = 6 if (sae_dtype, beside) == ("float32", "bfloat16") else 0
    return layers * (d_model * d_sae * (dtype.itemsize + parts) + d_sae * dtype.itemsize)


def encoder_flops(d_model: int, d_sae: int) -> float:
    """Floating-point operations of one product of a token with an encoder."""
    return 2.0 * d_model * d_sae
