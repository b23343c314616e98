"""A scope on disk: scope.json, backbone/ and sae/."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scopesift_files.atomic import read_json, write_json
from scopesift_files.errors import ScopeError

from scopesift_features.catalogue.package_file import PackageFile
from scopesift_features.catalogue.settings import ReadingSettings

FORMAT = "scopesift-scope"
VERSION = 1
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class ScopeRecord:
    """The content of scope.json.

    Attributes:
        id: the scope's name; artifacts refer to it.
        settings: how texts are read.
        licence: of the weights.
        backbone, sae: where the weights come from (a hub id, or the scope's own name).
        backbone_revision, sae_revision: the commits they were pulled at; "" when made locally.
        package: the data file of a Python package with the backbone; None: backbone/.
        files: SHA-256 of the converted `.sae.pt` files by name; may be empty. Not part of the scope's identity: that is
            the revisions of a pulled scope, or the content of a local scope's safetensors.
    """

    id: str
    settings: ReadingSettings
    licence: str
    backbone: str
    sae: str
    backbone_revision: str = ""
    sae_revision: str = ""
    package: PackageFile | None = None
    files: Mapping[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write scope.json; last, because a folder with scope.json counts as a scope."""
        content: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "id": self.id,
            "licence": self.licence,
        }
        content |= {"backbone": self.backbone, "backbone_revision": self.backbone_revision}
        content |= {"sae": self.sae, "sae_revision": self.sae_revision}
        if self.package is not None:
            content["package"] = self.package.to_dict()
        content["settings"] = self.settings.to_dict()
        if self.files:
            content["files"] = dict(self.files)
        write_json(folder / "scope.json", content)


def read_record(folder: Path) -> ScopeRecord:
    """Read scope.json.

    Raises:
        ScopeError: missing, not JSON, another format, a newer version, or impossible settings.
    """
    path = folder / "scope.json"
    remedy = f"beside backbone/ and sae/, `scopesift scopes pull {folder}` writes one"
    content = read_json(path, remedy)
    if content.get("format", FORMAT) != FORMAT:
        raise ScopeError(f"{path}: format is {content['format']!r}, expected {FORMAT!r}")
    version = content.get("version", VERSION)
    if version != VERSION:
        raise ScopeError(
            f"{path}: version is {version!r}, this scopesift reads version {VERSION}; update scopesift"
        )
    name, settings = content.get("id"), content.get("settings", {})
    if not isinstance(name, str) or not name:
        raise ScopeError(f"{path}: id should be a name, not {name!r}")
    if not isinstance(settings, dict):
        raise ScopeError(f"{path}: settings should be an object, not {settings!r}")
    package = content.get("package")
    if not isinstance(package, dict | None):
        raise ScopeError(f"{path}: package should be an object, not {package!r}")
    hashes = content.get("files", {})
    if not isinstance(hashes, dict) or not all(isinstance(value, str) for value in hashes.values()):
        raise ScopeError(f"{path}: files should map names to SHA-256, not be {hashes!r}")
    try:
        reading = ReadingSettings.from_dict(settings)
        packaged = None if package is None else PackageFile.from_dict(package)
    except ScopeError as error:
        raise ScopeError(f"{path}: {error}") from None
    return ScopeRecord(
        id=name,
        settings=reading,
        licence=str(content.get("licence", "")),
        backbone=str(content.get("backbone", name)),
        sae=str(content.get("sae", name)),
        backbone_revision=str(content.get("backbone_revision", "")),
        sae_revision=str(content.get("sae_revision", "")),
        package=packaged,
        files=hashes,
    )


def record_files(folder: Path, sha256: Mapping[str, str]) -> None:
    """Add hashes of converted files to scope.json, leaving other fields unchanged.

    Args:
        folder: the scope's folder.
        sha256: hash of each layer's file, by name.

    Raises:
        ScopeError: as `read_record`, or the file can't be written.
    """
    files = {**read_record(folder).files, **sha256}
    ordered = dict(
        sorted(files.items(), key=lambda item: [int(number) for number in _NUMBER.findall(item[0])])
    )
    path = folder / "scope.json"
    write_json(path, {**read_json(path, "pull the scope again"), "files": ordered})
