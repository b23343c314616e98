"""Upper estimate of a backbone's size from its name, for use without the hub."""

from __future__ import annotations

import re

import torch

from scopesift_features.catalogue.entry import CatalogueEntry

# rows of the embedding, by prefix of the model's name
_VOCABULARY = {"qwen3.": 248_320, "qwen3-": 151_936, "gemma-3-": 262_208}
_CHECKPOINT_BYTES = 2  # per weight: published in bfloat16


def estimate_backbone(entry: CatalogueEntry, deepest: int, dtype: str) -> int:
    """Memory of the embedding and the blocks 0 … `deepest`, in bytes."""
    width: torch.dtype = getattr(torch, dtype)
    return int(_embedding(entry) + _blocks(entry, _stated(entry)[0], deepest)) * width.itemsize


def estimate_checkpoint(entry: CatalogueEntry) -> int:
    """Bytes of the whole checkpoint; an upper bound, since a cut model needs only the shards of its blocks."""
    return int(_stated(entry)[0]) * _CHECKPOINT_BYTES


def estimate_flops(entry: CatalogueEntry, deepest: int) -> float:
    """Floating-point operations of the blocks 0 … `deepest` for one token: two per active weight.

    Attention scores are left out: for a few hundred tokens they add some percent.
    """
    return 2 * _blocks(entry, _stated(entry)[1], deepest)


def _blocks(entry: CatalogueEntry, parameters: float, deepest: int) -> float:
    return (parameters - _embedding(entry)) * (deepest + 1) / entry.n_layers


def _embedding(entry: CatalogueEntry) -> int:
    name = entry.trained_on.rpartition("/")[2].lower()
    rows = [rows for begins, rows in _VOCABULARY.items() if name.startswith(begins)]
    return (rows or [max(_VOCABULARY.values())])[0] * entry.d_model


def _stated(entry: CatalogueEntry) -> tuple[float, float]:
    """Total and active parameters according to the name (30B-A3B, 270m); the largest numbers that round to it."""
    found = re.search(r"-(\d+(?:\.\d+)?)([bm])(?:-a(\d+(?:\.\d+)?)b)?", entry.trained_on.lower())
    if found is None:
        return float(_embedding(entry)), float(_embedding(entry))
    unit = 1e9 if found[2] == "b" else 1e6
    return _most(found[1]) * unit, _most(found[3] or found[1]) * unit


def _most(number: str) -> float:
    decimals = len(number.partition(".")[2])
    return float(number) + 0.5 * 10**-decimals
