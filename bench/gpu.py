"""`python -m bench gpu`: everything that only a GPU can show, checked and timed in one command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import torch

from bench import encode

TESTS = ("tests/kernels",)
TEST_SECONDS = 180


def run(out: Path | None = None) -> None:
    """Run the kernel tests with real compilation, then time the encodes; JSON goes to `out`.

    Args:
        out: Folder for the JSON; None: `$OUT` if it is set, else `bench/results/`.

    Raises:
        RuntimeError: There is no GPU, or a test failed.
    """
    if not torch.cuda.is_available():
        raise RuntimeError("no CUDA device is visible here; on a CPU run `python -m bench encode`")
    folder = out or (Path(os.environ["OUT"]) if os.environ.get("OUT") else None)
    environment = {key: value for key, value in os.environ.items() if key != "TRITON_INTERPRET"}
    tests = [sys.executable, "-m", "pytest", "-q", *TESTS]
    done = subprocess.run(tests, env=environment, timeout=TEST_SECONDS, check=False)  # noqa: S603
    if done.returncode != 0:
        raise RuntimeError("the kernel tests failed on this device; no timing of a wrong kernel is taken")
    encode.run(folder)
