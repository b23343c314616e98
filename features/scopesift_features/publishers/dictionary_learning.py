"""Files of dictionary_learning: `ae.pt` and `config.json`, as BatchTopK SAEs for Qwen3 are published.

Source: dictionary_learning's `trainers/batch_top_k.py`, by which `acts = relu((x - b_dec) @ W_enc + b_enc)` above one
threshold, and SAELens' loader.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from scopesift_files.atomic import read_json
from scopesift_files.errors import ScopeError, first_line
from torch import Tensor

from scopesift_features.publishers.published import (
    PublishedSAE,
    check_finite,
    oriented,
    without_input_shift,
)
from scopesift_features.sae.threshold import BatchTopKSAE

WEIGHTS, CONFIG = "ae.pt", "config.json"
KINDS = ("BatchTopKSAE", "MatryoshkaBatchTopKSAE")


def read(folder: Path) -> PublishedSAE:
    """Read a folder.

    Raises:
        ScopeError: a missing or damaged file, another kind of SAE, or none of the residual stream after a block.
    """
    path = folder / WEIGHTS
    about = read_json(folder / CONFIG, "a folder of dictionary_learning holds it beside ae.pt").get("trainer")
    if not isinstance(about, dict):
        raise ScopeError(f"{folder / CONFIG}: trainer should be an object, not {about!r}")
    if about.get("dict_class") not in KINDS:
        raise ScopeError(
            f"{folder / CONFIG}: dict_class is {about.get('dict_class')!r}, only {' and '.join(KINDS)} can be read"
        )
    submodule, layer = str(about.get("submodule_name", "")), about.get("layer")
    if not submodule.startswith("resid_post") or type(layer) is not int or layer < 0:
        raise ScopeError(
            f"{folder / CONFIG}: submodule_name is {submodule!r} and layer {layer!r}; only "
            "resid_post_layer_<n> can be read"
        )
    tensors = _read(path)
    check_finite(path, tensors)
    encoder = {
        "W_enc": tensors["encoder.weight"].T if "encoder.weight" in tensors else None,
        "b_enc": tensors.get("encoder.bias"),
        "W_dec": tensors["decoder.weight"].T if "decoder.weight" in tensors else None,
        "b_dec": tensors.get("b_dec"),
    }
    present = {name: value for name, value in encoder.items() if value is not None}
    weights = without_input_shift(oriented(path, present, {name: name for name in encoder}))
    threshold = tensors.get("threshold")
    if threshold is None or threshold.numel() != 1 or not float(threshold) >= 0:
        raise ScopeError(f"{path}: threshold should be one number from 0 on, not {threshold}")
    sae = BatchTopKSAE(
        weights["W_enc"],
        weights["b_enc"],
        weights["W_dec"],
        weights["b_dec"],
        layer,
        threshold.float().reshape(1),
    )
    return PublishedSAE(folder, sae, str(about.get("lm_name", "")))


def _read(path: Path) -> Mapping[str, Tensor]:
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise ScopeError(f"{path} is missing; fetch it again") from None
    except Exception as error:  # torch raises many types here
        raise ScopeError(
            f"{path} is not a plain dictionary of tensors or is truncated ({first_line(error)}); it was not loaded"
        ) from None
    if not isinstance(content, Mapping):
        raise ScopeError(f"{path} should hold a dictionary of tensors; it was not loaded")
    return {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
