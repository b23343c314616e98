"""`python -m bench gpu`: everything that only a GPU can show, checked and timed in one command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import torch

from bench import device_rates, encode, throughput
from bench.results_file import write_result

TESTS = ("tests/kernels",)
TEST_SECONDS = 180


def run(out: Path | None = None) -> None:
    """Run the kernel tests with real compilation, then time device, encodes and whole runs; JSON goes to `out`.

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
    rates = device_rates.measure(torch.device("cuda"))
    write_result("device-rates", rates, folder)
    print(f"bf16 product {rates['gemm_tflops']:,.0f} TFLOP/s, copy {rates['copy_gb_per_s']:,.0f} GB/s")
    encode.run(folder)
    throughput.run(folder)
