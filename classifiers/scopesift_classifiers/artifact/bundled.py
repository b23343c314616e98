"""Where the classifiers lie that come with scopesift."""

from __future__ import annotations

import difflib
from pathlib import Path

from scopesift_features.catalogue.settings import INT8
from scopesift_features.catalogue.table import DEFAULT_SCOPE, bundled_folder, is_bundled
from scopesift_files.errors import UsageError


def bundled_classifiers(scope_id: str = DEFAULT_SCOPE) -> dict[str, Path]:
    """The bundled classifiers of a scope by name; empty for a scope that is not bundled."""
    if not is_bundled(scope_id):
        return {}
    return {path.stem: path for path in sorted((bundled_folder(scope_id) / "classifiers").glob("*.json"))}


def int8_version(name: str) -> str:
    """The name of a bundled classifier's version that reads its scope in int8."""
    return f"{name}-int8"


def named_classifiers(scope_id: str = DEFAULT_SCOPE) -> dict[str, Path]:
    """All bundled classifiers of a scope by the names that they can be asked for, versions in int8 too."""
    found = bundled_classifiers(scope_id)
    if found:
        folder = bundled_folder(scope_id) / "classifiers" / INT8
        found |= {int8_version(path.stem): path for path in sorted(folder.glob("*.json"))}
    return found


def find_artifact(name_or_path: str | Path, scope_id: str = DEFAULT_SCOPE) -> Path:
    """Path of an artifact.

    Args:
        name_or_path: A bundled classifier's name, with "-int8" that of its version in int8, or a file.
        scope_id: Scope of the bundled classifiers.

    Raises:
        UsageError: Neither a bundled classifier nor a file.
    """
    bundled = named_classifiers(scope_id)
    if str(name_or_path) in bundled:
        return bundled[str(name_or_path)]
    path = Path(name_or_path).expanduser()
    if not path.is_file():
        near = difflib.get_close_matches(str(name_or_path), list(bundled), n=1)
        raise UsageError(
            f"no classifier {str(name_or_path)!r}: expected a file, or one of those bundled with {scope_id}: "
            f"{', '.join(bundled) or 'none'}" + (f"; did you mean {near[0]}?" if near else "")
        )
    return path
