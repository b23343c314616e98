"""Converts the SAEs of other projects in a scope's folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from scopesift_files.errors import ScopeError, UsageError

from scopesift_features.publishers.find import find_published
from scopesift_features.publishers.published import PublishedSAE
from scopesift_features.sae.config import SAEConfig, read_config
from scopesift_features.sae.files import write_safetensors


def convert_published(
    sae_folder: Path, n_layers: int, layers: Sequence[int] | None, tell: Callable[[str], None]
) -> SAEConfig:
    """Convert the SAEs of other projects below a folder, and write config.json; the originals are kept.

    Args:
        sae_folder: holds them, in subfolders of any name.
        n_layers: blocks of the backbone.
        layers: layers to convert; None: all.
        tell: called with one line per step.

    Raises:
        UsageError: none is there, or none of the requested layers.
        ScopeError: an invalid file, SAEs of several kinds or sizes, or two for one layer; those before it are
            converted.
    """
    config = read_config(sae_folder) if (sae_folder / "config.json").is_file() else None
    first: dict[int, Path] = {}
    for path, read in find_published(sae_folder):
        found = read(path)
        layer = found.sae.layer
        if layers is not None and layer not in layers:
            continue
        if layer in first:
            raise ScopeError(
                f"{first[layer]} and {path} are both for layer {layer}; a scope has one SAE a layer: remove one"
            )
        own = _config(found, n_layers)
        if config is None:
            config = own
            config.write(sae_folder)
        elif own.shapes() != config.shapes() or (own.model_type, own.k) != (config.model_type, config.k):
            raise ScopeError(
                f"{path} is a {_described(own)}, the SAEs before it are of {_described(config)}; the SAEs of a scope "
                "share their kind and sizes: make a scope for each"
            )
        first[layer] = path
        write_safetensors(found.sae, sae_folder, encoder_only=found.sae.W_dec_DF is None)
        tell(f"{path}: a {_described(own)}, converted for layer {layer}")
    if config is None or not first:
        of = "" if layers is None else f" of the layers {', '.join(map(str, layers))}"
        raise UsageError(f"{sae_folder} holds no SAE{of} that can be read")
    missing = sorted(set(layers or ()) - set(first))
    if missing:
        raise UsageError(
            f"{sae_folder} holds no SAE for layer {missing[0]}, only for {', '.join(map(str, first))}"
        )
    return config


def _config(found: PublishedSAE, n_layers: int) -> SAEConfig:
    sae = found.sae
    if sae.layer >= n_layers:
        raise ScopeError(
            f"{found.path}: it is for layer {sae.layer}, but the backbone has layers 0 to {n_layers - 1}; "
            "it belongs to another model"
        )
    k = sae.membership().get("k")
    return SAEConfig(found.base_model, sae.d_model, sae.d_sae, k, n_layers, sae.model_type)


def _described(config: SAEConfig) -> str:
    k = "" if config.k is None else f", k {config.k}"
    return f"{config.model_type} of {config.d_sae:,} features over width {config.d_model}{k}"
