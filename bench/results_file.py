"""Result files of benchmarks: JSON with device, versions, commit and date."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scopesift_files.atomic import write_json

from bench.errors import BenchError

RESULTS = Path(__file__).parent / "results"


def device_name() -> str:
    """The GPU's name, or the processor's."""
    import torch
    from scopesift_features.checks.provenance import processor_name

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return processor_name()


def write_result(name: str, content: dict[str, Any], out: Path | None = None) -> Path:
    """Write `<name>-<cpu|gpu>.json`, with device, versions, commit and date.

    Args:
        name: The benchmark's name.
        content: Its numbers.
        out: Folder; None: `bench/results/`.

    Returns:
        The file.
    """
    path = (out or RESULTS) / f"{name}-{_kind()}.json"
    write_json(path, {"benchmark": name, **_about(), **content})
    return path


def stored(name: str, out: Path | None = None) -> dict[str, Any]:
    """The result of a benchmark.

    Args:
        name: The file's name without suffix.
        out: Folder that may hold one; if it holds none, or None: `bench/results/`.

    Raises:
        BenchError: it has not been run.
    """
    path = RESULTS / f"{name}.json"
    if out is not None and (out / path.name).is_file():
        path = out / path.name
    if not path.is_file():
        raise BenchError(f"{path} is missing; run `python -m bench {name.rsplit('-', 1)[0]}` first")
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


class StoredRows:
    """A result measured row by row, possibly in several runs; each row has its own date and commit."""

    def __init__(
        self, name: str, out: Path | None = None, *, measured_on: dict[str, Any] | None = None
    ) -> None:
        """Load the rows of an earlier run on the same device with the same versions.

        Args:
            name: The benchmark's name.
            out: Folder; None: `bench/results/`.
            measured_on: Identity of the inputs, such as scope and data; rows of other inputs are an error.

        Raises:
            BenchError: The file holds rows that were measured on something else.
        """
        self.path = (out or RESULTS) / f"{name}-{_kind()}.json"
        self._about = {"benchmark": name, **_about()}
        if measured_on is not None:
            self._about["measured_on"] = measured_on
        self._rows: dict[str, Any] = {}
        if self.path.is_file():
            stored = json.loads(self.path.read_text(encoding="utf-8"))
            if stored.get("measured_on") != measured_on:
                raise BenchError(
                    f"{self.path} holds rows of another scope or other data; delete it or give another --out"
                )
            if all(stored.get(key) == self._about[key] for key in ("device", "cores", "versions")):
                self._rows = stored["rows"]

    def __contains__(self, name: str) -> bool:
        """Whether a row is there."""
        return name in self._rows

    def row(self, name: str) -> dict[str, Any]:
        """A row; empty if it is not there yet."""
        return dict(self._rows.get(name, {}))

    def put(self, name: str, row: dict[str, Any]) -> None:
        """Replace one row and write the file."""
        placed = {"date": self._about["date"], "commit": self._about["commit"]}
        self._rows = dict(sorted({**self._rows, name: {**row, **placed}}.items()))
        write_json(self.path, self.result())

    def result(self) -> dict[str, Any]:
        """What the file holds."""
        return {**self._about, "rows": self._rows}


def _kind() -> str:
    import torch

    return "gpu" if torch.cuda.is_available() else "cpu"


def _about() -> dict[str, Any]:
    import torch
    import transformers

    return {
        "device": device_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _commit(),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            **(_gpu_versions() if torch.cuda.is_available() else {}),
        },
    }


def _gpu_versions() -> dict[str, str]:
    import torch
    import triton

    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    return {
        "driver": (_said(command).splitlines() or ["unknown"])[0],
        "cuda": str(torch.version.cuda),
        "triton": triton.__version__,
    }


def _commit() -> str:
    """SCOPESIFT_COMMIT, for copies without git history; else git's commit, with "-dirty" if code differs."""
    said = os.environ.get("SCOPESIFT_COMMIT")
    if said:
        return said
    commit = _said(["git", "rev-parse", "--short", "HEAD"])
    if not commit:
        return "unknown"
    changed = _said(["git", "diff", "--name-only", "HEAD", "--", ":(top)*.py"])
    return f"{commit}-dirty" if changed else commit


def _said(command: list[str]) -> str:
    """A program's output; empty if it is missing or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=RESULTS.parent)  # noqa: S603
    except FileNotFoundError:
        return ""
    return done.stdout.strip()
