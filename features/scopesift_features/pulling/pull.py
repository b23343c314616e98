"""Pulls a scope: only the requested layers and their shards; resumable, with atomic steps."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from scopesift_files.atomic import read_json, remove_leftovers
from scopesift_files.errors import ScopeError, UsageError
from scopesift_files.lock import one_at_a_time

from scopesift_features.backbone.source import file_sha256
from scopesift_features.catalogue.entry import CatalogueEntry
from scopesift_features.catalogue.folder import ScopeRecord, read_record, record_files
from scopesift_features.catalogue.table import entry_folder, find_entry, on_backbone
from scopesift_features.publishers.gemma_scope import read as read_gemma_scope
from scopesift_features.pulling.amounts import written_layers, written_size
from scopesift_features.pulling.backbone import missing_shards, pull_backbone
from scopesift_features.pulling.hub import Hub, fetched, open_hub
from scopesift_features.pulling.known_files import judge_file, judge_revision
from scopesift_features.pulling.local_folder import convert_folder
from scopesift_features.sae.autoencoder import SparseAutoencoder
from scopesift_features.sae.config import SAEConfig, find_layers
from scopesift_features.sae.files import read_pickle, write_safetensors
from scopesift_features.sae.published_config import spelled

Tell = Callable[[str], None]


def pull(
    name: str,
    *,
    layers: Sequence[int] | None = None,
    backbone: str | None = None,
    revision: str | None = None,
    backbone_revision: str | None = None,
    tell: Tell = lambda _line: None,
) -> Path:
    """Download layers of a Qwen-Scope group and the part of the backbone below them.

    Every step leaves a usable scope: earlier layers stay, a new layer is added atomically. After an interruption,
    another call fetches the missing files.

    Args:
        name: catalogue id or hub id of a group (with prefix `modelscope:` from ModelScope), or a local folder
            whose `.sae.pt` files are converted.
        layers: layers to get; None: all of them.
        backbone: hub id of another backbone for the group's SAEs, such as the instruct model; None: the one that they
            were trained on. This gives a separate scope, see `on_backbone`.
        revision: of the SAE group; None: the catalogue's, or the one pulled before, or the newest.
        backbone_revision: of the backbone, likewise.
        tell: called with one line per step.

    Returns:
        The scope's folder.

    Raises:
        UsageError: unknown scope or layer, or ModelScope without its client.
        ScopeError: hub or disk failed, or a file is invalid.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        if revision is not None or backbone_revision is not None:
            raise UsageError(f"{path} is a local folder, which has no revisions; leave --revision out")
        if backbone is not None:
            raise UsageError(f"{path} is a local folder, which holds its backbone; leave --backbone out")
        return convert_folder(path, layers=layers, tell=tell)
    if path.is_file():
        raise UsageError(
            f"{path} is a file; give a scope's name, or the folder that holds backbone/ and sae/"
        )
    hub, name = open_hub(name)
    entry = find_entry(name)
    if entry.bundled:
        raise UsageError(f"{entry.id} comes with scopesift; there is nothing to pull")
    if backbone is not None:
        entry = on_backbone(entry.group or entry, backbone)
    wanted = check_layers(entry, layers)
    folder = entry_folder(entry)
    if is_here(entry, folder, wanted, revision, backbone_revision):
        tell(f"{entry.id}: layers {written_layers(wanted)} are already here")
        return folder
    with one_at_a_time(folder, tell):
        remove_leftovers(folder)
        try:
            _pull(hub, entry, folder, wanted, revision, backbone_revision, tell)
        finally:
            shutil.rmtree(_downloads(folder / "sae"), ignore_errors=True)
    return folder


def _pull(
    hub: Hub,
    entry: CatalogueEntry,
    folder: Path,
    wanted: list[int],
    revision: str | None,
    backbone_revision: str | None,
    tell: Tell,
) -> None:
    record = read_record(folder) if (folder / "scope.json").is_file() else None
    if record is not None:
        revision = _same_revision(entry, record.sae_revision, revision)
        backbone_revision = _same_revision(entry, record.backbone_revision, backbone_revision)
    if entry.group is not None:
        tell(
            f"{entry.id}: {entry.backbone} under SAEs that were trained on {entry.trained_on}; check it before use, "
            "and fit classifiers on it anew"
        )
    have = find_layers(folder / "sae")
    new = [layer for layer in wanted if layer not in have]
    _check_room(entry, folder, new, tell)
    sae_commit = hub.resolve(entry.sae, revision or entry.sae_revision, entry.file_of(wanted[0]))
    backbone_commit = hub.resolve(entry.backbone, backbone_revision or entry.backbone_revision, "config.json")
    config = _pull_sae_config(hub, entry, sae_commit, folder / "sae", tell)
    deepest = max((*wanted, *have))
    tell(
        f"{entry.backbone}: embedding and blocks 0 to {deepest}, revision {backbone_commit[:12]} "
        f"({judge_revision(entry.backbone, backbone_commit)})"
    )
    pull_backbone(hub, entry, backbone_commit, folder / "backbone", deepest)
    if record is None:
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
    for layer in new:
        tell(f"{entry.sae}: layer {layer}, revision {sae_commit[:12]}")
        _pull_layer(hub, entry, sae_commit, folder, layer, config, tell)


def is_here(
    entry: CatalogueEntry,
    folder: Path,
    wanted: Sequence[int],
    revision: str | None = None,
    backbone_revision: str | None = None,
) -> bool:
    """Whether these layers and the backbone below them are on this machine.

    Raises:
        ScopeError: they are, at another revision than the requested one.
    """
    if not (folder / "scope.json").is_file():
        return False
    record = read_record(folder)
    _same_revision(entry, record.sae_revision, revision)
    _same_revision(entry, record.backbone_revision, backbone_revision)
    whole = set(wanted) <= set(find_layers(folder / "sae"))
    return whole and not any(missing_shards(folder / "backbone"))


def _check_room(entry: CatalogueEntry, folder: Path, layers: list[int], tell: Tell) -> None:
    """Report the SAEs' size, and raise if the disk is too small for them and one more file, the current download."""
    if not layers:
        return
    free = shutil.disk_usage(folder).free
    needed = entry.sae_bytes * (len(layers) + 1)
    saes = written_size(entry.sae_bytes * len(layers))
    tell(f"{entry.id}: {saes} of SAEs (layers {written_layers(layers)}) and the backbone")
    if needed > free:
        raise ScopeError(
            f"the SAEs need {written_size(needed)} while they are converted, but {folder} has "
            f"{written_size(free)} free; ask for fewer --layers, free space, or choose another disk with HF_HOME"
        )


def _pull_sae_config(hub: Hub, entry: CatalogueEntry, commit: str, folder: Path, tell: Tell) -> SAEConfig:
    """Write the group's sizes as our config.json; if the group has its own, the values must agree.

    The model cards list no config.json, and SAELens reads none: sizes come from the group's name and are checked on the
    tensors where possible. Unknown keys are ignored.
    """
    config = SAEConfig(
        entry.trained_on, entry.d_model, entry.d_sae, entry.k, entry.n_layers, entry.model_type
    )
    path = hub.fetch_optional(entry.sae, commit, "config.json")
    if path is None:
        tell(f"{entry.sae}: no config.json; width, features and k are those of its name")
        config.write(folder)
        return config
    content = read_json(path, f"{entry.sae} is damaged on the hub or in the cache")
    for name in ("d_model", "d_sae", "k", "num_layers", "model_type", "hook_point"):
        for key, found in spelled(content, name).items():
            if found != getattr(config, name):
                raise ScopeError(
                    f"{entry.sae}: config.json says {key} {found!r}, but {entry.id} has "
                    f"{getattr(config, name)!r}; not pulled"
                )
    config.write(folder)
    return config


def _pull_layer(
    hub: Hub, entry: CatalogueEntry, commit: str, folder: Path, layer: int, config: SAEConfig, tell: Tell
) -> None:
    """Fetch a layer's file, check it, convert it to our safetensors, delete it; its hash is kept in scope.json."""
    name = entry.file_of(layer)
    downloads = _downloads(folder / "sae")
    path = fetched(hub.fetch_into(downloads, entry.sae, commit, name), entry.sae, name)
    try:
        sha256 = file_sha256(path)
        tell(f"{name}: {judge_file(entry.sae, commit, name, sha256)}, SHA-256 {sha256}")
        sae = _read_layer(path, config, layer)
        record_files(folder, {name: sha256})  # before the weights, so that no layer is without its hash
        write_safetensors(sae, folder / "sae")
    finally:
        # the next pull must not take an invalid file for complete; a valid one has been converted
        if path.is_relative_to(downloads):
            path.unlink(missing_ok=True)


def _read_layer(path: Path, config: SAEConfig, layer: int) -> SparseAutoencoder:
    """A group's file: Qwen-Scope's pickle, or Gemma Scope's tensors.

    Raises:
        ScopeError: an invalid file, or one of other sizes.
    """
    if path.suffix == ".pt":
        return read_pickle(path, config)
    sae = read_gemma_scope(path).sae
    found = (sae.layer, sae.d_model, sae.d_sae)
    if found != (layer, config.d_model, config.d_sae):
        raise ScopeError(
            f"{path}: layer, width and features are {found}, expected {(layer, config.d_model, config.d_sae)}; "
            "the file belongs to another group"
        )
    return sae


def _downloads(folder: Path) -> Path:
    return folder / ".downloads"


def check_layers(entry: CatalogueEntry, layers: Sequence[int] | None) -> list[int]:
    """The requested layers, ascending; None: all of the group's.

    Raises:
        UsageError: a layer that the group does not have, or no layer.
    """
    if layers is None:
        return list(range(entry.n_layers))
    wrong = [layer for layer in layers if not 0 <= layer < entry.n_layers]
    if wrong or not layers:
        what = f"no layer {wrong[0]}" if wrong else "no layer of that kind"
        raise UsageError(f"{entry.id} has {what}; its layers are 0 to {entry.n_layers - 1}")
    return sorted(set(layers))


def _same_revision(entry: CatalogueEntry, before: str, asked: str | None) -> str:
    """The scope's revision; raises if another one is requested, since a scope must not mix revisions."""
    if asked is not None and asked != before:
        raise ScopeError(
            f"{entry.id} is here at revision {before}, not {asked}; delete {entry_folder(entry)} to change it"
        )
    return before
