"""One case of a benchmark in a process of its own, so that its peak of memory is its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.errors import BenchError


def run_case(module: str, *arguments: object) -> dict[str, Any]:
    """Run a module of `bench` that prints one JSON object last.

    Args:
        module: its name inside `bench`.
        arguments: what it is called with.

    Raises:
        BenchError: it failed; with the end of what it said.
    """
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", f"bench.{module}", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "TOKENIZERS_PARALLELISM": "true"},
    )
    if done.returncode:
        raise BenchError(f"{module} {' '.join(map(str, arguments))} failed:\n{done.stderr[-2000:]}")
    measured: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return measured
