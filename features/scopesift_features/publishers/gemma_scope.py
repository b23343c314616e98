"""Gemma Scope's files: `params.npz` (Gemma 2) and `params.safetensors` with `config.json` (Gemma Scope 2, Gemma 3).

The layer and the place in the block stand in the folders' names. Source: the Gemma Scope report (arXiv 2408.05147),
and the loaders of SAELens 6 for both releases. No such file was read here: only ones of the same layout with random
weights.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np
import torch
from scopesift_files.atomic import read_json
from scopesift_files.errors import ScopeError, first_line
from torch import Tensor

from scopesift_features.publishers.published import PublishedSAE, check_finite, feature_thresholds, oriented
from scopesift_features.sae.threshold import JumpReLUSAE
from scopesift_features.tensor_file import read_tensors

NPZ, SAFETENSORS = "params.npz", "params.safetensors"
NAMES = {"W_enc": "w_enc", "b_enc": "b_enc", "W_dec": "w_dec", "b_dec": "b_dec"}
OTHER_PLACES = ("attn_out", "mlp_out", "att-", "mlp-", "transcoder", "clt", "embedding")
RESIDUAL = re.compile(r"model\.layers\.(\d+)\.output")
_LAYER = re.compile(r"layer_(\d+)(?=_|/|$)")


def read(path: Path) -> PublishedSAE:
    """Read `params.npz` or `params.safetensors`.

    Raises:
        ScopeError: damaged, of another place than the residual stream, or with a scaling that can't be honoured.
    """
    place = path.parent.as_posix()
    other = [word for word in OTHER_PLACES if word in place]
    if other:
        raise ScopeError(
            f"{path}: an SAE of {other[0].strip('-')}; only those of the residual stream can be read"
        )
    base_model, layer = "", _layer_in(path)
    if path.name == SAFETENSORS and (path.parent / "config.json").is_file():
        base_model = _check_config(path.parent / "config.json", layer)
    tensors = read_tensors(path) if path.name == SAFETENSORS else _read_npz(path)
    tensors = {name.lower() if name.startswith("W_") else name: value for name, value in tensors.items()}
    check_finite(path, tensors)
    if "affine_skip_connection" in tensors:
        raise ScopeError(f"{path} has a skip connection, so it is a transcoder; only SAEs can be read")
    scaling = tensors.get("scaling_factor")
    if scaling is not None and not torch.allclose(scaling, torch.ones_like(scaling)):
        raise ScopeError(f"{path}: scaling_factor is not 1; only SAEs of unscaled residuals can be read")
    weights = oriented(path, tensors, NAMES)
    threshold = feature_thresholds(path, tensors, len(weights["b_enc"]))
    sae = JumpReLUSAE(
        weights["W_enc"], weights["b_enc"], weights["W_dec"], weights["b_dec"], layer, threshold
    )
    return PublishedSAE(path, sae, base_model)


def _layer_in(path: Path) -> int:
    found = _LAYER.findall(path.parent.as_posix())
    if not found:
        raise ScopeError(
            f"{path}: no folder above it is named after a layer; keep the publisher's, such as layer_20/width_16k/…"
        )
    return int(found[-1])


def _check_config(path: Path, layer: int) -> str:
    content = read_json(path, "keep the publisher's config.json beside params.safetensors")
    if content.get("architecture", "jump_relu") != "jump_relu":
        raise ScopeError(f"{path}: architecture is {content['architecture']!r}, only 'jump_relu' can be read")
    hook = content.get("hf_hook_point_in")
    match = None if hook is None else RESIDUAL.fullmatch(str(hook))
    if hook is not None and match is None:
        raise ScopeError(f"{path}: hf_hook_point_in is {hook!r}; only the output of a block can be read")
    if match is not None and int(match[1]) != layer:
        raise ScopeError(f"{path}: hf_hook_point_in is {hook!r}, but the folder is named after layer {layer}")
    return str(content.get("model_name", ""))


def _read_npz(path: Path) -> dict[str, Tensor]:
    try:
        with np.load(path, allow_pickle=False) as content:
            return {name: torch.from_numpy(content[name]) for name in content.files}
    except FileNotFoundError:
        raise ScopeError(f"{path} is missing; fetch it again") from None
    except (OSError, ValueError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise ScopeError(
            f"{path} is not a readable .npz file ({first_line(error)}); fetch it again"
        ) from None
