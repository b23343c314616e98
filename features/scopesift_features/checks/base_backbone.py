"""Compares a group's SAEs on another backbone with the one that they were trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scopesift_features.catalogue.entry import CatalogueEntry
from scopesift_features.catalogue.folder import ScopeRecord, read_record
from scopesift_features.catalogue.table import entry_folder, group_below, locate
from scopesift_features.checks.scope import check
from scopesift_features.sae.config import find_layers


@dataclass(frozen=True)
class BaseCheck:
    """FVU of the same SAEs on the backbone that they were trained on, on the same texts.

    Attributes:
        fvu: layer -> fraction of variance unexplained, for layers of the group itself that are on this machine.
        notes: remarks for the user, one line each.
    """

    fvu: dict[int, float]
    notes: list[str]


def check_base(
    name_or_path: str | Path, layers: Sequence[int], *, device: str | None = None
) -> BaseCheck | None:
    """Check the group itself, on the layers that are on this machine.

    Args:
        name_or_path: name or folder of a scope.
        layers: the layers that were checked on it.
        device: as `Scope.load`.

    Returns:
        None if the scope is not a group on another backbone.

    Raises:
        ScopeError: as `check`, for the group itself.
    """
    record = read_record(locate(name_or_path)[0])
    group = group_below(record.id)
    if group is None:
        return None
    here = [layer for layer in layers if layer in _comparable_layers(group, record)]
    fvu = {found.layer: found.fvu for found in check(group.id, layers=here, device=device)} if here else {}
    notes = [
        f"{record.id}: classifiers that were fitted on {group.backbone} are not carried over; "
        f"fit them again with `scopesift fit … --scope {record.id}`"
    ]
    missing = [str(layer) for layer in layers if layer not in fvu]
    if missing:
        pull = (
            f"scopesift scopes pull {group.id} --layers {','.join(missing)} --revision {record.sae_revision}"
        )
        notes.append(f"to see the FVU over {group.backbone} beside it: `{pull}`")
    return BaseCheck(fvu, notes)


def _comparable_layers(group: CatalogueEntry, record: ScopeRecord) -> tuple[int, ...]:
    """Layers of the group itself that are here, if the SAEs have the same revision."""
    folder = entry_folder(group)
    if not (folder / "scope.json").is_file() or read_record(folder).sae_revision != record.sae_revision:
        return ()
    return find_layers(folder / "sae")
