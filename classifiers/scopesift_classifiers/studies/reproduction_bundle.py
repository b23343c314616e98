"""A shareable file with the results of `reproduce` and their provenance, without texts, paths and host names.

Users who have a model's weights can share their results with it. It is JSON, so that they can check what they share.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scopesift_features.catalogue.settings import ReadingSettings
from scopesift_features.checks import provenance
from scopesift_features.scope import Scope
from scopesift_files.atomic import read_json, write_json
from scopesift_files.errors import InputError, ScopeError, UsageError, first_line

from scopesift_classifiers.studies.bundle_schema import (
    BUNDLE,
    FILES,
    FORMAT,
    NAME,
    REVISION,
    SAE_FILE,
    VERSION,
    check_shape,
)

UNNAMED = "unnamed"

DataHashes = dict[str, list[dict[str, Any]]]
"""By language, size and SHA-256 of each of its files, without file names."""


def hash_data(languages: Mapping[str, Sequence[Path]]) -> DataHashes:
    """Size and SHA-256 of the files of each language, as `reproduction_data.find_languages` gives them.

    Raises:
        InputError: A file cannot be read.
    """
    return {lang: [_hash_file(path) for path in paths] for lang, paths in languages.items()}


def pack(scope: Scope, measured: Mapping[str, Any], data: DataHashes, seconds: float) -> dict[str, Any]:
    """The bundle of one run.

    Args:
        scope: The scope.
        measured: Result of `reproduction.reproduce`.
        data: Hashes of the files.
        seconds: Duration of the run.

    Returns:
        JSON values of the shape `bundle_schema.BUNDLE`.

    Raises:
        InputError: A value doesn't match the schema.
    """
    rows = [own["rows"] for own in measured["languages"].values()]
    content: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "made": datetime.now(UTC).date().isoformat(),
        "versions": provenance.versions(),
        "machine": {
            "system": provenance.system_name(),
            "processor": provenance.processor_name(),
            "cores": provenance.core_count(),
            "gpus": provenance.gpu_names(scope.device),
        },
        "run": {
            "device": scope.device,
            "texts": sum(sum(own.values()) for own in rows),
            "seconds": round(seconds, 1),
            "peak_memory_bytes": provenance.peak_memory(),
            "peak_gpu_memory_bytes": provenance.peak_gpu_memory(scope.device),
        },
        "scope": _identity(scope),
        "data": data,
        "results": {key: value for key, value in measured.items() if key != "scope"},
    }
    bundle = {**content, "sha256": _digest(content)}
    _check(bundle, "the bundle")
    return bundle


def check_new(path: Path) -> None:
    """Check, before the run, that a file doesn't exist.

    Raises:
        UsageError: The path exists.
    """
    if path.is_symlink() or path.exists():
        raise UsageError(f"{path} is there already; move it away, or name another file")


def write_bundle(path: Path, bundle: Mapping[str, Any]) -> None:
    """Write a bundle atomically.

    Raises:
        ScopeError: The file can't be written.
    """
    write_json(path, bundle)


def read_bundle(path: Path) -> dict[str, Any]:
    """Read a bundle and check its schema and hash.

    Raises:
        UsageError: There is no such file.
        InputError: Not a bundle, one of a newer scopesift, or one that was changed or truncated.
    """
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file; give what `scopesift reproduce … --bundle` wrote")
    remedy = "ask for the file again"
    try:
        bundle = read_json(path, remedy)
    except (ScopeError, RecursionError) as error:
        raise InputError(f"{path}: {first_line(error)}") from None
    if bundle.get("format") != FORMAT:
        raise InputError(f"{path} is no bundle of `scopesift reproduce`: its format is not {FORMAT!r}")
    if bundle.get("version") != VERSION:
        raise InputError(f"{path}: expected version {VERSION}, which this scopesift reads; update scopesift")
    try:
        _check(bundle, path.name)
    except InputError as error:
        raise InputError(f"{error}; {remedy}") from None
    if bundle["sha256"] != _digest({key: value for key, value in bundle.items() if key != "sha256"}):
        raise InputError(f"{path} was changed after it was written: its SHA-256 is another; {remedy}")
    return bundle


def _check(bundle: Mapping[str, Any], at: str) -> None:
    check_shape(bundle, BUNDLE, at)
    if bundle["scope"]["files"]:
        check_shape(bundle["scope"]["files"], FILES, f"{at}.scope.files")
    try:
        ReadingSettings.from_dict(bundle["scope"]["settings"])
    except (ScopeError, TypeError) as error:
        raise InputError(f"{at}.scope.{error}") from None
    results = bundle["results"]
    if results["source"] not in results["languages"]:
        raise InputError(f"{at}.results.languages: expected {results['source']!r} among them")


def _identity(scope: Scope) -> dict[str, Any]:
    """The scope's identity without free-text fields of local folders."""
    found = scope.fingerprint
    names = {key: _or(found[key], NAME, UNNAMED) for key in ("id", "backbone", "sae")}
    revisions = {key: _or(found[key], REVISION, "") for key in ("backbone_revision", "sae_revision")}
    return {
        **names,
        **revisions,
        "sha256": found["sha256"],
        "settings": scope.settings.to_dict(),
        "files": {name: sha for name, sha in scope.record.files.items() if SAE_FILE.fullmatch(name)},
    }


def _or(value: str, allowed: re.Pattern[str], otherwise: str) -> str:
    return value if allowed.fullmatch(value) else otherwise


def _digest(content: Mapping[str, Any]) -> str:
    """Hash of the content, independent of indentation and order."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("ascii")).hexdigest()


def _hash_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return {"bytes": path.stat().st_size, "sha256": sha256}
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); see to it and try again") from None
