"""The known scopes, and which layers of each are on this machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scopesift_files.errors import ScopeError

from scopesift_features.catalogue.entry import CatalogueEntry
from scopesift_features.catalogue.folder import read_record
from scopesift_features.catalogue.table import (
    catalogue,
    entry_folder,
    find_entry,
    groups_on_other_backbones,
    locate,
)
from scopesift_features.sae.config import find_layers, read_config


@dataclass(frozen=True)
class ScopeSummary:
    """One row of `scopesift scopes list`.

    Attributes:
        id, backbone, n_layers, d_model, d_sae, k: from the catalogue.
        sae_bytes: size of one layer's SAE on disk (float32 for the groups).
        pulled_layers: layers that are on this machine.
        disk_bytes: disk space that the scope uses, including shared backbone shards.
    """

    id: str
    backbone: str
    n_layers: int
    d_model: int
    d_sae: int
    k: int | None
    sae_bytes: int
    pulled_layers: list[int]
    disk_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON-ready values."""
        return asdict(self)


def list_scopes() -> list[ScopeSummary]:
    """All catalogue scopes, bundled ones first, then groups that were pulled with other backbones."""
    return [_summary(entry) for entry in (*catalogue().values(), *groups_on_other_backbones())]


def describe_scope(name_or_path: str | Path) -> dict[str, Any]:
    """A description of one scope, on this machine or not, as JSON-ready values.

    Args:
        name_or_path: a catalogue id, or a scope folder.

    Raises:
        UsageError: unknown name.
        ScopeError: a folder with inconsistent files.
    """
    try:
        folder, entry = locate(name_or_path)
    except ScopeError:
        entry = find_entry(str(name_or_path))  # known, but not here yet
        return {
            **_summary(entry).to_dict(),
            "sae": entry.sae,
            "settings": entry.settings.to_dict(),
            "folder": None,
            "pull": f"scopesift scopes pull {entry.id}",
        }
    record, config = read_record(folder), read_config(folder / "sae")
    layers = list(find_layers(folder / "sae"))
    return {
        "id": record.id,
        "backbone": record.backbone,
        "n_layers": config.num_layers,
        "d_model": config.d_model,
        "d_sae": config.d_sae,
        "k": config.k,
        "sae_bytes": _largest_sae(folder),
        "pulled_layers": layers,
        "disk_bytes": _disk_bytes(folder),
        "sae": record.sae,
        "settings": record.settings.to_dict(),
        "folder": str(folder),
        "licence": record.licence,
        "backbone_revision": record.backbone_revision,
        "sae_revision": record.sae_revision,
        "files": dict(record.files),
    }


def _summary(entry: CatalogueEntry) -> ScopeSummary:
    folder = entry_folder(entry)
    return ScopeSummary(
        id=entry.id,
        backbone=entry.backbone,
        n_layers=entry.n_layers,
        d_model=entry.d_model,
        d_sae=entry.d_sae,
        k=entry.k,
        sae_bytes=_largest_sae(folder) or entry.sae_bytes,
        pulled_layers=list(find_layers(folder / "sae")) if (folder / "scope.json").is_file() else [],
        disk_bytes=_disk_bytes(folder),
    )


def _largest_sae(folder: Path) -> int:
    return max((path.stat().st_size for path in (folder / "sae").glob("layer*.sae.safetensors")), default=0)


def _disk_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
