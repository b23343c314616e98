"""A run's identity: inputs, classifiers, settings. A folder holds one run; another one is an error."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scopesift_classifiers.judging.engine import Engine
from scopesift_files.atomic import read_json, write_json
from scopesift_files.counted import counted
from scopesift_files.errors import UsageError

from scopesift_filtering.inputs import InputFile
from scopesift_filtering.settings import FilterSettings

RECORD = "run.json"
LAYOUT = 2  # increased when the same settings would give other output


@dataclass(frozen=True)
class RunRecord:
    """The identity of a run.

    Attributes:
        content: layout, settings, inputs, types of the columns that the condition reads, scope, classifiers.
    """

    content: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """SHA-256 of the identity; stored in every marker."""
        text = json.dumps(self.content, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def make_record(
    files: Sequence[InputFile], settings: FilterSettings, engine: Engine, schema: Any
) -> RunRecord:
    """Make the identity of a run."""
    return RunRecord(
        {
            "layout": LAYOUT,
            "settings": settings.to_dict(),
            "inputs": [{"url": file.url, "format": file.format} for file in files],
            "columns": {field.name: str(field.type) for field in schema},
            "scope": dict(engine.scope.fingerprint),
            "reading": engine.scope.settings.to_dict(),
            "device": engine.scope.device.split(":")[0],
            "classifiers": engine.versions,
        }
    )


def open_run(out: Path, record: RunRecord, *, resume: bool) -> None:
    """Start a run in a folder, or resume it.

    Raises:
        UsageError: the folder holds other files or another run, or this run and `resume` is false.
    """
    path = out / RECORD
    if not path.is_file():
        if out.is_dir() and any(not item.name.startswith(".") for item in out.iterdir()):
            raise UsageError(
                f"{out} holds other files; --out takes a new or empty folder, or one to --resume"
            )
        write_json(path, {"run": record.digest, **record.content})
        return
    held = read_json(path, "choose another --out")
    if held.get("run") != record.digest:
        difference = _difference(held, record.content)
        raise UsageError(f"{out} holds another run: {difference}; choose another --out, or use the same")
    if not resume:
        raise UsageError(f"{out} holds this run already; continue it with --resume, or choose another --out")


def _difference(held: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """The first difference of two identities, in words."""
    for key, value in wanted.items():
        before = held.get(key)
        if before == value:
            continue
        if isinstance(value, dict) and isinstance(before, dict):
            name = next(name for name in {**before, **value} if before.get(name) != value.get(name))
            return f"its {key} {name} is {_short(before.get(name))}, this one's {_short(value.get(name))}"
        if key == "inputs" and isinstance(before, list):
            return (
                f"it reads {counted(len(before), 'file')}, this one {len(value)}, and they are not the same"
            )
        return f"its {key} is {_short(before)}, this one's {_short(value)}"
    return "its record was changed"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "…"
