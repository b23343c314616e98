"""Where a benchmark's numbers go: JSON with device, versions, commit and date beside them."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scopesift_features.atomic_files import write_json

RESULTS = Path(__file__).parent / "results"


def device_name() -> str:
    """The GPU's name, or the processor's."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown processor"


def write_result(name: str, content: dict[str, Any], out: Path | None = None) -> Path:
    """Write `<name>-<cpu|gpu>.json`, with what a reader needs to place the numbers.

    Args:
        name: The benchmark's name.
        content: Its numbers.
        out: Folder; None: `bench/results/`.

    Returns:
        The file.
    """
    import torch
    import transformers

    kind = "gpu" if torch.cuda.is_available() else "cpu"
    about = {
        "device": device_name(),
        "cores": os.cpu_count(),
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _commit(),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
    }
    path = (out or RESULTS) / f"{name}-{kind}.json"
    write_json(path, {"benchmark": name, **about, **content})
    return path


def _commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=RESULTS.parent)  # noqa: S603
    return done.stdout.strip() or "unknown"
