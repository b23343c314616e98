"""Fetches the shards of a checkpoint that a cut model needs, and links them into a scope's folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from scopesift_files.atomic import read_json, write_atomically, write_json
from scopesift_files.errors import ScopeError

from scopesift_features.backbone.checkpoint_index import INDEX, WHOLE, needed_tensors
from scopesift_features.catalogue.entry import CatalogueEntry
from scopesift_features.pulling.hub import Hub, fetched


def pull_backbone(hub: Hub, entry: CatalogueEntry, commit: str, folder: Path, deepest: int) -> None:
    """Link the shards that hold the embedding and the blocks 0 … `deepest`, and write an index of their tensors.

    Raises:
        ScopeError: hub or disk failed, or a file is invalid.
    """
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        path = fetched(hub.fetch(entry.backbone, commit, name), entry.backbone, name)
        write_atomically(folder / name, partial(_copy, path))
    _check_sizes(folder, entry)
    index_path = hub.fetch_optional(entry.backbone, commit, INDEX)
    if index_path is None:  # a small model in a single file
        _fetch_shard(hub, entry, commit, folder, WHOLE)
        return
    index = read_json(index_path, f"{entry.backbone} is damaged on the hub or in the cache")
    needed = needed_tensors(index.get("weight_map", {}), deepest)
    for shard in sorted(set(needed.values())):
        if Path(shard).name != shard:
            raise ScopeError(
                f"{entry.backbone}: the index names a shard outside its folder: {shard!r}; not pulled"
            )
        _fetch_shard(hub, entry, commit, folder, shard)
    write_json(folder / INDEX, {"metadata": {}, "weight_map": needed})


def missing_shards(folder: Path) -> Iterator[Path]:
    """Weight files that are missing from the backbone's folder.

    Shards are links into the hub's cache, which users may clean.
    """
    if (folder / INDEX).is_file():
        index = read_json(folder / INDEX, "pull the scope again")
        names = sorted({str(name) for name in index.get("weight_map", {}).values()})
    else:
        names = [WHOLE]
    yield from (folder / name for name in names if not (folder / name).is_file())


def _fetch_shard(hub: Hub, entry: CatalogueEntry, commit: str, folder: Path, name: str) -> None:
    from safetensors import SafetensorError, safe_open

    path = fetched(hub.fetch(entry.backbone, commit, name), entry.backbone, name)
    try:
        with safe_open(path, framework="pt"):  # checks header and length of the file without reading weights
            pass
    except (SafetensorError, OSError) as error:
        path.resolve().unlink(
            missing_ok=True
        )  # otherwise the next pull would find it in the cache as complete
        path.unlink(missing_ok=True)
        raise ScopeError(
            f"{entry.backbone}/{name} is damaged or was cut short ({error}); it was dropped, pull again"
        ) from None
    _link(path, folder / name)


def _check_sizes(folder: Path, entry: CatalogueEntry) -> None:
    content = read_json(folder / "config.json", "the backbone is damaged on the hub or in the cache")
    text = content.get("text_config", content)
    found = (text.get("hidden_size"), text.get("num_hidden_layers"))
    if found != (entry.d_model, entry.n_layers):
        raise ScopeError(
            f"{entry.backbone}: config.json says width {found[0]} and {found[1]} layers, "
            f"expected {entry.d_model} and {entry.n_layers}; not pulled"
        )


def _link(source: Path, target: Path) -> None:
    """Link to a file in the hub's cache; copy if links are not allowed."""
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
