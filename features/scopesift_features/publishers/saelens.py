"""SAELens folders: `cfg.json` and `sae_weights.safetensors`.

Source of the format: SAELens 6, `saes/sae.py` and `loading/pretrained_sae_loaders.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scopesift_files.atomic import read_json
from scopesift_files.errors import ScopeError
from torch import Tensor

from scopesift_features.publishers.published import (
    PublishedSAE,
    check_finite,
    feature_thresholds,
    oriented,
    with_unit_decoder,
    without_input_shift,
)
from scopesift_features.sae.autoencoder import SparseAutoencoder
from scopesift_features.sae.threshold import JumpReLUSAE, ReLUSAE
from scopesift_features.sae.topk import TopKSAE
from scopesift_features.tensor_file import read_tensors

CONFIG, WEIGHTS = "cfg.json", "sae_weights.safetensors"
NAMES = {name: name for name in ("W_enc", "b_enc", "W_dec", "b_dec")}
ARCHITECTURES = ("standard", "jumprelu", "topk")
_HOOK = re.compile(r"(?:blocks|model\.layers|transformer\.h)\.(\d+)(?:\.hook_resid_(post|pre))?")


def read(folder: Path) -> PublishedSAE:
    """Read a folder.

    Raises:
        ScopeError: a missing or damaged file, another kind of SAE, or a convention that can't be honoured.
    """
    path = folder / CONFIG
    config = read_json(path, "a folder of SAELens holds it beside sae_weights.safetensors")
    about = {**config, **(config.get("metadata") or {})}
    architecture = _architecture(path, config)
    _refuse_what_cannot_be_folded(path, config)
    tensors = read_tensors(folder / WEIGHTS)
    check_finite(folder / WEIGHTS, tensors)
    weights = oriented(folder / WEIGHTS, tensors, NAMES)
    if config.get("apply_b_dec_to_input", True):
        weights = without_input_shift(weights)
    if config.get("rescale_acts_by_decoder_norm", False):
        weights = with_unit_decoder(weights)
    sae = _sae(path, architecture, config, weights, tensors, _layer(path, about))
    return PublishedSAE(folder, sae, str(about.get("model_name", "")))


def _sae(
    path: Path,
    architecture: str,
    config: Mapping[str, Any],
    weights: Mapping[str, Tensor],
    tensors: Mapping[str, Tensor],
    layer: int,
) -> SparseAutoencoder:
    four = (weights["W_enc"], weights["b_enc"], weights["W_dec"], weights["b_dec"], layer)
    if architecture == "standard":
        return ReLUSAE(*four)
    if architecture == "jumprelu":
        return JumpReLUSAE(*four, feature_thresholds(path.parent, tensors, len(weights["b_enc"])))
    k = config.get("k", (config.get("activation_fn_kwargs") or {}).get("k"))
    if type(k) is not int or not 1 <= k <= len(weights["b_enc"]):
        raise ScopeError(f"{path}: k is {k!r}, expected a whole number from 1 to {len(weights['b_enc'])}")
    return TopKSAE(*four, k)


def _architecture(path: Path, config: Mapping[str, Any]) -> str:
    found = config.get("architecture", "standard")
    # before SAELens 6 a TopK SAE was a standard one with another activation
    activation = config.get("activation_fn", config.get("activation_fn_str", "relu"))
    if found == "standard" and activation == "topk":
        found = "topk"
    if found not in ARCHITECTURES:
        remedy = "a BatchTopK SAE is saved for inference as jumprelu, see its save_inference_model"
        raise ScopeError(
            f"{path}: architecture is {found!r}, only {', '.join(ARCHITECTURES)} can be read; {remedy}"
        )
    if found == "standard" and activation != "relu":
        raise ScopeError(f"{path}: the activation is {activation!r}, only relu and topk can be read")
    return str(found)


def _refuse_what_cannot_be_folded(path: Path, config: Mapping[str, Any]) -> None:
    """Refuse what changes every token's input in a way of its own, or needs numbers that the folder doesn't hold."""
    scaling = config.get("normalize_activations")
    if scaling not in (None, False, "none"):
        raise ScopeError(
            f"{path}: normalize_activations is {scaling!r}, so the SAE reads scaled residuals; only 'none' can be "
            "read: fold it into the weights with SAELens (fold_activation_norm_scaling_factor) and save it again"
        )
    if config.get("finetuning_scaling_factor", False):
        raise ScopeError(f"{path}: finetuning_scaling_factor is set; only SAEs without it can be read")
    if config.get("reshape_activations", "none") != "none":
        raise ScopeError(
            f"{path}: reshape_activations is {config['reshape_activations']!r}; only SAEs of the residual stream can "
            "be read"
        )


def _layer(path: Path, about: Mapping[str, Any]) -> int:
    """The block whose output is encoded; a hook before block n is the output of block n - 1."""
    hook = str(about.get("hook_name", about.get("hook_point", "")))
    match = _HOOK.fullmatch(hook)
    before = match is not None and match[2] == "pre"
    if match is None or (before and match[1] == "0"):
        raise ScopeError(
            f"{path}: hook_name is {hook!r}; only the residual stream after a block can be read "
            "(blocks.<n>.hook_resid_post, or .hook_resid_pre from block 1 on)"
        )
    return int(match[1]) - before
