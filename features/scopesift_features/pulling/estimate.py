"""A backbone's size by its name alone, on the large side: for plans that are made before the hub is asked."""

from __future__ import annotations

import re

import torch

from scopesift_features.catalogue.table import CatalogueEntry

_VOCABULARY = {"qwen3.": 248_320, "qwen3-": 151_936}  # rows of the embedding, by how the model's name begins
_CHECKPOINT_BYTES = 2  # a weight: they are published in bfloat16


def estimate_backbone(entry: CatalogueEntry, deepest: int, dtype: str) -> int:
    """Memory of the embedding and the blocks 0 … `deepest`, in bytes."""
    width: torch.dtype = getattr(torch, dtype)
    return int(_embedding(entry) + _blocks(entry, _stated(entry)[0], deepest)) * width.itemsize


def estimate_checkpoint(entry: CatalogueEntry) -> int:
    """Bytes of the whole checkpoint; a cut model needs the shards of its blocks only, but those whole."""
    return int(_stated(entry)[0]) * _CHECKPOINT_BYTES


def estimate_flops(entry: CatalogueEntry, deepest: int) -> float:
    """Floating-point operations of the blocks 0 … `deepest` for one token: two a weight that it meets.

    Of a mixture of experts these are the active ones. Attention over a text's other tokens is left out: for a few
    hundred of them it is some percent.
    """
    return 2 * _blocks(entry, _stated(entry)[1], deepest)


def _blocks(entry: CatalogueEntry, parameters: float, deepest: int) -> float:
    return (parameters - _embedding(entry)) * (deepest + 1) / entry.n_layers


def _embedding(entry: CatalogueEntry) -> int:
    name = entry.trained_on.rpartition("/")[2].lower()
    rows = [rows for begins, rows in _VOCABULARY.items() if name.startswith(begins)]
    return (rows or [max(_VOCABULARY.values())])[0] * entry.d_model


def _stated(entry: CatalogueEntry) -> tuple[float, float]:
    """All weights and those that a token meets, as the name has them (30B-A3B); the most that rounds to it."""
    found = re.search(r"-(\d+(?:\.\d+)?)B(?:-A(\d+(?:\.\d+)?)B)?", entry.trained_on)
    if found is None:
        return float(_embedding(entry)), float(_embedding(entry))
    return _most(found[1]), _most(found[2] or found[1])


def _most(billions: str) -> float:
    decimals = len(billions.partition(".")[2])
    return (float(billions) + 0.5 * 10**-decimals) * 1e9
