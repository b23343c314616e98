"""Makes a scope of a local folder: converts SAE files, and writes scope.json if it is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from scopesift_files.atomic import remove_leftovers
from scopesift_files.counted import counted
from scopesift_files.errors import ScopeError, UsageError
from scopesift_files.lock import one_at_a_time

from scopesift_features.backbone.derived_record import derive_record
from scopesift_features.backbone.source import GgufBackbone, file_sha256, local_backbone
from scopesift_features.catalogue.folder import record_files
from scopesift_features.publishers.find import find_published
from scopesift_features.pulling.published import convert_published
from scopesift_features.sae.config import SAEConfig, find_layers, read_config
from scopesift_features.sae.files import read_pickle, write_safetensors

LAYOUT = (
    "a scope folder holds backbone/ (config.json, *.safetensors, tokenizer.json, or one GGUF file) and "
    "sae/ (config.json, layer<n>.sae.pt or layer<n>.sae.safetensors; or the files of SAELens, Gemma Scope or "
    "dictionary_learning)"
)


def convert_folder(
    folder: Path, *, layers: Sequence[int] | None = None, tell: Callable[[str], None] = lambda _line: None
) -> Path:
    """Convert the `.sae.pt` files of a local folder to safetensors; the originals are kept.

    A folder without scope.json gets one with the settings of `derive_settings`, in float32. A folder without sae/ gets
    nothing else; SAEs can be trained for it.

    Args:
        folder: holds backbone/ and sae/.
        layers: layers to convert; None: all.
        tell: called with one line per step.

    Raises:
        UsageError: the folder doesn't have a scope's layout, or lacks a requested layer.
        ScopeError: an invalid file; those before it are converted.
    """
    sae_folder = folder / "sae"
    backbone = local_backbone(folder / "backbone")
    if not (isinstance(backbone, GgufBackbone) or (folder / "backbone" / "config.json").is_file()):
        raise UsageError(f"{folder / 'backbone' / 'config.json'} is missing; {LAYOUT}")
    if not sae_folder.is_dir() and layers is None:
        return _without_saes(folder, tell)
    if published := find_published(sae_folder):
        done = find_layers(sae_folder)
        new = sorted(set(layers) - set(done)) if layers is not None else None
        if not new and (new is not None or len(done) >= len(published)) and (folder / "scope.json").is_file():
            tell(f"{folder}: nothing to convert")
            return folder
        return _of_others(folder, new, tell)
    if not (sae_folder / "config.json").is_file():
        raise UsageError(
            f"{sae_folder / 'config.json'} is missing, and the files do not tell k (of Qwen-Scope's groups it ends the "
            f"name, L0_50); {LAYOUT}"
        )
    config = read_config(sae_folder)
    pickled, done = find_layers(sae_folder, "pt"), find_layers(sae_folder)
    if not pickled and not done:
        raise UsageError(f"{sae_folder} holds no layer<n>.sae.pt and no layer<n>.sae.safetensors; {LAYOUT}")
    wanted = sorted({*pickled, *done} if layers is None else set(layers))
    absent = [layer for layer in wanted if layer not in pickled and layer not in done]
    if absent:
        have = ", ".join(map(str, sorted({*pickled, *done})))
        raise UsageError(f"{sae_folder} holds no file for layer {absent[0]}, only for {have}")
    if (folder / "scope.json").is_file() and set(wanted) <= set(done):
        tell(f"{folder}: nothing to convert")
        return folder
    with one_at_a_time(folder, tell):
        remove_leftovers(folder)
        converted: dict[str, str] = {}
        for layer in wanted:
            if layer not in done:
                path = sae_folder / f"layer{layer}.sae.pt"
                write_safetensors(read_pickle(path, config), sae_folder)
                converted[path.name] = file_sha256(path)
                tell(f"{folder}: layer {layer} converted, SHA-256 of the original {converted[path.name]}")
        if not (folder / "scope.json").is_file():
            _check_sizes(folder, config)
            _write_record(folder, tell)
        if converted:
            record_files(folder, converted)
    return folder


def _of_others(folder: Path, layers: Sequence[int] | None, tell: Callable[[str], None]) -> Path:
    """Convert SAEs of other projects, and write scope.json."""
    with one_at_a_time(folder, tell):
        remove_leftovers(folder)
        _, n_layers = local_backbone(folder / "backbone").sizes()
        config = convert_published(folder / "sae", n_layers, layers, tell)
        if not (folder / "scope.json").is_file():
            _check_sizes(folder, config)
            _write_record(folder, tell)
    return folder


def _without_saes(folder: Path, tell: Callable[[str], None]) -> Path:
    with one_at_a_time(folder, tell):
        if not (folder / "scope.json").is_file():
            _write_record(folder, tell)
    tell(f"{folder}: no SAEs yet; `python -m recipes.sae --scope {folder}` trains some")
    return folder


def _check_sizes(folder: Path, config: SAEConfig) -> None:
    found = local_backbone(folder / "backbone").sizes()
    if found != (config.d_model, config.num_layers):
        raise ScopeError(
            f"{folder / 'backbone'} has width {found[0]} and {found[1]} layers, but the SAEs beside it want "
            f"width {config.d_model} and {counted(config.num_layers, 'layer')}"
        )


def _write_record(folder: Path, tell: Callable[[str], None]) -> None:
    derive_record(folder).write(folder)
    tell(f"{folder}: scope.json written; its settings say how texts are read")
