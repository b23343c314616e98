"""Runs one case of a benchmark in a new process, to measure its peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.errors import BenchError


def run_case(module: str, *arguments: object, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Run a module of `bench` that prints one JSON object last.

    Args:
        module: its name inside `bench`.
        arguments: its arguments.
        environment: variables in addition to this process's.

    Raises:
        BenchError: it failed; the message has the end of its stderr.
    """
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", f"bench.{module}", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "TOKENIZERS_PARALLELISM": "true", **(environment or {})},
    )
    if done.returncode:
        raise BenchError(f"{module} {' '.join(map(str, arguments))} failed:\n{done.stderr[-2000:]}")
    measured: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return measured
