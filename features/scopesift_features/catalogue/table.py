"""The table of scopes: the bundled ones, the Qwen-Scope groups, and those of Gemma Scope 2.

Loader, pull, command line, docs and tests use it. Hub revisions are not pinned here: releases were changed after
publication, so the revision is resolved when a group is pulled, and recorded in its scope.json.
"""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from scopesift_files.errors import ScopeError, UsageError

from scopesift_features.catalogue.entry import CatalogueEntry
from scopesift_features.catalogue.gemma_scope import gemma_scope_entries
from scopesift_features.catalogue.qwen_scope import QWEN_NORM_LIMIT, qwen_scope_entries
from scopesift_features.catalogue.settings import ReadingSettings

DEFAULT_SCOPE = "e5"
_ON = "-on-"
_HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)


_BUNDLED = (
    CatalogueEntry(
        id="e5",
        backbone="intfloat/multilingual-e5-small",
        sae="scopesift/e5",
        d_model=0,
        n_layers=0,
        d_sae=0,
        k=0,
        settings=ReadingSettings(prefix=("<s>", "▁que", "ry", ":"), suffix=("</s>",), skip="prefix"),
        bundled=True,
    ),
    CatalogueEntry(
        id="nano",
        backbone="scopesift/nano",
        sae="scopesift/nano",
        d_model=0,
        n_layers=0,
        d_sae=0,
        k=0,
        settings=ReadingSettings(prefix=("<|endoftext|>",), skip="prefix"),
        bundled=True,
    ),
    CatalogueEntry(
        id="smollm2",
        backbone="HuggingFaceTB/SmolLM2-135M-Instruct",
        sae="scopesift/smollm2",
        d_model=0,
        n_layers=0,
        d_sae=0,
        k=0,
        settings=ReadingSettings(norm_limit=QWEN_NORM_LIMIT),
        bundled=True,
    ),
)


def is_bundled(scope_id: str) -> bool:
    """Whether a scope with this id comes with scopesift."""
    entry = catalogue().get(scope_id)
    return entry is not None and entry.bundled


def bundled_folder(scope_id: str) -> Path:
    """Folder of a bundled scope inside the installed package."""
    return Path(str(files("scopesift"))) / "bundled" / scope_id


def _with_own_sizes(entry: CatalogueEntry) -> CatalogueEntry:
    # sizes of a bundled scope depend on its recipe, so they are read from its files
    config = bundled_folder(entry.id) / "sae" / "config.json"
    try:
        sizes = json.loads(config.read_text(encoding="utf-8"))
        return replace(
            entry,
            d_model=int(sizes["d_model"]),
            n_layers=int(sizes["num_layers"]),
            d_sae=int(sizes["d_sae"]),
            k=int(sizes["k"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return entry  # not built or damaged: listed anyway; loading reports the error


@cache
def catalogue() -> dict[str, CatalogueEntry]:
    """All scopes by id: the bundled ones, Qwen-Scope's groups in the report's order, and Gemma Scope 2's."""
    groups = (*qwen_scope_entries(), *gemma_scope_entries())
    return {entry.id: entry for entry in (*map(_with_own_sizes, _BUNDLED), *groups)}


def find_entry(name: str) -> CatalogueEntry:
    """The catalogue's entry by id or by the SAE group's hub id, case-insensitive.

    `<group>-on-<backbone>` is a group on another backbone, which is read from its scope.json.

    Raises:
        UsageError: unknown name; the message lists the nearest ones.
        ScopeError: a group on another backbone that is not on this machine.
    """
    wanted = name.strip().lower()
    group = group_below(wanted)
    if group is not None:
        backbone = _recorded_backbone(wanted)
        if backbone is None:
            raise ScopeError(
                f"{wanted} is not on this machine yet; get it with "
                f"`scopesift scopes pull {group.id} --backbone ORGANISATION/MODEL`"
            )
        return on_backbone(group, backbone)
    if wanted in catalogue():
        return catalogue()[wanted]
    named = [
        entry
        for entry in catalogue().values()
        if wanted in (entry.sae.lower(), entry.sae.lower().rpartition("/")[2])
    ]
    if len(named) > 1:  # Gemma Scope 2 has several groups in a repository
        raise UsageError(
            f"{name!r} holds {len(named)} groups: {', '.join(entry.id for entry in named)}; name one"
        )
    if named:
        return named[0]
    near = difflib.get_close_matches(wanted, list(catalogue()), n=3, cutoff=0.4)
    hint = f"did you mean {', '.join(near)}?" if near else f"known scopes: {', '.join(catalogue())}"
    raise UsageError(f"no scope is called {name!r} and no folder is there; {hint}")


def on_backbone(group: CatalogueEntry, backbone: str) -> CatalogueEntry:
    """A group's SAEs on another backbone of the same sizes, such as the instruct model of a base model.

    The model cards call base-model SAEs reasonable on post-trained checkpoints. It is a separate scope with other
    activations, so classifiers must be fitted on it again.

    Args:
        group: a Qwen-Scope group.
        backbone: hub id; the group's own returns the group itself.

    Raises:
        UsageError: not a hub id.
    """
    if not _HUB_ID.fullmatch(backbone):
        raise UsageError(f"--backbone takes a hub id such as Qwen/Qwen3-8B, not {backbone!r}")
    if backbone.lower() == group.backbone.lower():
        return group
    name = group.id + _ON + backbone.lower().removeprefix("qwen/").replace("/", "--")
    spelled = (
        _recorded_backbone(name) or backbone
    )  # names are case-sensitive in the hub's cache, but not on the hub
    return replace(group, id=name, backbone=spelled, backbone_revision=None, group=group)


def group_below(scope_id: str) -> CatalogueEntry | None:
    """The group of a scope `<group>-on-<backbone>`; None for other scopes."""
    name, on, _ = scope_id.partition(_ON)
    return catalogue().get(name) if on else None


def groups_on_other_backbones() -> list[CatalogueEntry]:
    """Groups on other backbones that were pulled to this machine, by id."""
    names = sorted(path.parent.name for path in scopes_home().glob(f"*{_ON}*/scope.json"))
    return [find_entry(name) for name in names if group_below(name) and _recorded_backbone(name)]


def _recorded_backbone(scope_id: str) -> str | None:
    # not with `read_record`, which would be a circular import
    try:
        content = json.loads((scopes_home() / scope_id / "scope.json").read_text(encoding="utf-8"))
        return str(content["backbone"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def scopes_home() -> Path:
    """Folder of pulled scopes: `scopesift/` beside the hub's cache (so it follows HF_HOME)."""
    from huggingface_hub import constants

    return Path(constants.HF_HOME) / "scopesift"


def entry_folder(entry: CatalogueEntry) -> Path:
    """Folder of a catalogue scope, whether it exists or not."""
    return bundled_folder(entry.id) if entry.bundled else scopes_home() / entry.id


def locate(name_or_path: str | Path) -> tuple[Path, CatalogueEntry | None]:
    """Folder of a scope given by name or by path, and its catalogue entry if it has one.

    Raises:
        UsageError: neither a known name nor a folder.
        ScopeError: a known scope that is not on disk.
    """
    path = Path(name_or_path).expanduser()
    if path.is_file():
        raise UsageError(f"{path} is a file; give a folder that holds scope.json, or a scope's name")
    looks_like_path = isinstance(name_or_path, Path) or str(name_or_path).startswith((".", "/", "~"))
    if looks_like_path or (str(name_or_path) not in catalogue() and path.is_dir()):
        if not path.is_dir():
            raise UsageError(
                f"no scope folder at {path}; give a folder that holds scope.json, or a scope's name"
            )
        return path, None
    entry = find_entry(str(name_or_path))
    folder = entry_folder(entry)
    if not (folder / "scope.json").is_file():
        if entry.bundled:
            raise ScopeError(
                f"the bundled scope {entry.id} is missing from {folder}; reinstall scopesift "
                f"or make it with `python -m recipes.{entry.id}`"
            )
        raise ScopeError(
            f"{entry.id} is not on this machine yet; get it with `scopesift scopes pull {entry.id}`"
        )
    return folder, entry
