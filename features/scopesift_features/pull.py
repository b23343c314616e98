"""Pull a scope: only the shards and layers asked for, converted once, resumable, never half there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from scopesift_features.atomic_files import read_json, write_atomically, write_json
from scopesift_features.catalogue import CatalogueEntry, entry_folder, find_entry
from scopesift_features.checkpoint_index import INDEX, WHOLE, needed_tensors
from scopesift_features.errors import ScopeError, UsageError
from scopesift_features.hub import Hub, open_hub
from scopesift_features.sae_files import (
    SAEConfig,
    find_layers,
    read_config,
    read_pickle,
    write_safetensors,
)
from scopesift_features.scope_folder import ScopeRecord, read_record

Tell = Callable[[str], None]

# how publishers spell the sizes in a group's config.json; whichever are there must agree with the catalogue
_SPELLINGS = {
    "d_model": ("d_model", "d_in", "hidden_size", "activation_dim"),
    "d_sae": ("d_sae", "dict_size", "sae_width", "num_latents"),
    "k": ("k", "top_k", "l0"),
    "num_layers": ("num_layers", "n_layers", "num_hidden_layers"),
    "model_type": ("model_type",),
    "hook_point": ("hook_point",),
}


def pull(
    name: str,
    *,
    layers: Sequence[int] | None = None,
    revision: str | None = None,
    backbone_revision: str | None = None,
    tell: Tell | None = None,
) -> Path:
    """Bring a Qwen-Scope group's layers and the part of the backbone below them to this machine.

    Every step leaves a usable scope: what was pulled before stays, a new layer appears only when it is whole.
    Running it again after any interruption goes on with the files that are missing.

    Args:
        name: catalogue id or hub id of a group (`modelscope:` before it: from ModelScope), or a local folder
            whose `.sae.pt` files are to be converted.
        layers: layers to get; None: all of them.
        revision: of the SAE group; None: the catalogue's, or the one pulled before, or the newest.
        backbone_revision: of the backbone, likewise.
        tell: called with one line for each step.

    Returns:
        The scope's folder.

    Raises:
        UsageError: unknown scope or layer, or ModelScope without its client.
        ScopeError: hub or disk failed, or a file is not what it should be.
    """
    tell = tell or (lambda _line: None)
    if Path(name).expanduser().is_dir():
        return convert_folder(Path(name).expanduser(), layers=layers, tell=tell)
    hub, name = open_hub(name)
    entry = find_entry(name)
    if entry.id == "nano":
        raise UsageError("nano comes with scopesift; there is nothing to pull")
    wanted = _check_layers(entry, layers)
    folder = entry_folder(entry)
    before = read_record(folder) if (folder / "scope.json").is_file() else None
    have = find_layers(folder / "sae")
    if before is not None:
        revision = _same_revision(entry, before.sae_revision, revision)
        backbone_revision = _same_revision(entry, before.backbone_revision, backbone_revision)
        if set(wanted) <= set(have):
            tell(f"{entry.id}: layers {_listed(wanted)} are already here")
            return folder
    sae_commit = hub.resolve(entry.sae, revision or entry.sae_revision)
    backbone_commit = hub.resolve(entry.backbone, backbone_revision or entry.backbone_revision)
    config = _pull_sae_config(hub, entry, sae_commit, folder / "sae")
    deepest = max((*wanted, *have))
    tell(f"{entry.backbone}: embedding and blocks 0 to {deepest}, revision {backbone_commit[:12]}")
    _pull_backbone(hub, entry, backbone_commit, folder / "backbone", deepest)
    if before is None:
        record = ScopeRecord(
            id=entry.id,
            settings=entry.settings,
            licence="see the model cards of the backbone and of the SAE group",
            backbone=entry.backbone,
            sae=entry.sae,
            backbone_revision=backbone_commit,
            sae_revision=sae_commit,
        )
        record.write(folder)
    for layer in wanted:
        if layer not in have:
            tell(f"{entry.sae}: layer {layer}, revision {sae_commit[:12]}")
            _pull_layer(hub, entry, sae_commit, folder / "sae", layer, config)
    shutil.rmtree(_downloads(folder / "sae"), ignore_errors=True)
    return folder


def convert_folder(folder: Path, *, layers: Sequence[int] | None = None, tell: Tell | None = None) -> Path:
    """Convert the `.sae.pt` files of a local scope folder to safetensors; the originals stay.

    Raises:
        ScopeError: a file that is not what it should be; those before it are converted.
    """
    sae_folder = folder / "sae"
    config = read_config(sae_folder)
    done = find_layers(sae_folder)
    for layer in find_layers(sae_folder, "pt"):
        if layer not in done and (layers is None or layer in layers):
            write_safetensors(read_pickle(sae_folder / f"layer{layer}.sae.pt", config), sae_folder)
            if tell is not None:
                tell(f"{folder}: layer {layer} converted")
    return folder


def _pull_sae_config(hub: Hub, entry: CatalogueEntry, commit: str, folder: Path) -> SAEConfig:
    """Check the group's config.json against the catalogue and write ours."""
    path = hub.fetch(entry.sae, commit, "config.json")
    if path is None:
        raise ScopeError(f"{entry.sae} has no config.json at revision {commit}")
    found = read_json(path, f"{entry.sae} is damaged on the hub or in the cache")
    config = SAEConfig(entry.backbone, entry.d_model, entry.d_sae, entry.k, entry.n_layers)
    for ours, spellings in _SPELLINGS.items():
        for key in spellings:
            if key in found and found[key] != getattr(config, ours):
                raise ScopeError(
                    f"{entry.sae}: config.json says {key} {found[key]!r}, but {entry.id} has "
                    f"{getattr(config, ours)!r}; not pulled"
                )
    config.write(folder)
    return config


def _pull_backbone(hub: Hub, entry: CatalogueEntry, commit: str, folder: Path, deepest: int) -> None:
    """Link the needed shards into the folder and write an index of the needed tensors."""
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        path = _fetched(hub.fetch(entry.backbone, commit, name), entry.backbone, name)
        write_atomically(folder / name, partial(_copy, path))
    _check_backbone_sizes(folder, entry)
    index_path = hub.fetch(entry.backbone, commit, INDEX)
    if index_path is None:  # a small model in one file: there is nothing to choose from
        _link(_fetched(hub.fetch(entry.backbone, commit, WHOLE), entry.backbone, WHOLE), folder / WHOLE)
        return
    index = read_json(index_path, f"{entry.backbone} is damaged on the hub or in the cache")
    needed = needed_tensors(index.get("weight_map", {}), deepest)
    for shard in sorted(set(needed.values())):
        if Path(shard).name != shard:
            raise ScopeError(
                f"{entry.backbone}: the index names a shard outside its folder: {shard!r}; not pulled"
            )
        _link(_fetched(hub.fetch(entry.backbone, commit, shard), entry.backbone, shard), folder / shard)
    write_json(folder / INDEX, {"metadata": {}, "weight_map": needed})


def _check_backbone_sizes(folder: Path, entry: CatalogueEntry) -> None:
    content = read_json(folder / "config.json", "the backbone is damaged on the hub or in the cache")
    text = content.get("text_config", content)
    found = (text.get("hidden_size"), text.get("num_hidden_layers"))
    if found != (entry.d_model, entry.n_layers):
        raise ScopeError(
            f"{entry.backbone}: config.json says width {found[0]} and {found[1]} layers, "
            f"expected {entry.d_model} and {entry.n_layers}; not pulled"
        )


def _pull_layer(
    hub: Hub, entry: CatalogueEntry, commit: str, folder: Path, layer: int, config: SAEConfig
) -> None:
    """Fetch one `.sae.pt`, check it, write it as safetensors, drop the download."""
    name = f"layer{layer}.sae.pt"
    downloads = _downloads(folder)
    path = _fetched(hub.fetch_into(downloads, entry.sae, commit, name), entry.sae, name)
    try:
        write_safetensors(read_pickle(path, config), folder)
    finally:
        # a wrong file must not be found "complete" by the next pull; a right one has been converted
        if path.is_relative_to(downloads):
            path.unlink(missing_ok=True)


def _downloads(folder: Path) -> Path:
    return folder / ".downloads"


def _fetched(path: Path | None, repo: str, name: str) -> Path:
    if path is None:
        raise ScopeError(f"{repo} has no file {name} at this revision; check the revision or the mirror")
    return path


def _link(source: Path, target: Path) -> None:
    """Point to a file of the hub's cache, which other programs share; copy where links are not allowed."""
    source = source.resolve()
    if target.is_file() and target.resolve() == source:
        return
    target.unlink(missing_ok=True)
    try:
        target.symlink_to(source)
    except OSError:
        write_atomically(target, partial(_copy, source))


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


def _check_layers(entry: CatalogueEntry, layers: Sequence[int] | None) -> list[int]:
    if layers is None:
        return list(range(entry.n_layers))
    wrong = [layer for layer in layers if not 0 <= layer < entry.n_layers]
    if wrong or not layers:
        what = f"no layer {wrong[0]}" if wrong else "no layer of that kind"
        raise UsageError(f"{entry.id} has {what}; its layers are 0 to {entry.n_layers - 1}")
    return sorted(set(layers))


def _same_revision(entry: CatalogueEntry, before: str, asked: str | None) -> str:
    """Layers of different revisions must never be mixed in one scope."""
    if asked is not None and asked != before:
        raise ScopeError(
            f"{entry.id} is here at revision {before}, not {asked}; delete {entry_folder(entry)} to change it"
        )
    return before


def _listed(layers: Sequence[int]) -> str:
    return json.dumps(list(layers))[1:-1]
