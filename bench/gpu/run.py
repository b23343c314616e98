"""`python -m bench gpu`: all GPU checks and benchmarks in one command."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from bench.errors import BenchError
from bench.markdown import markdown
from bench.results_file import RESULTS

_TRITON_TESTS = (
    "tests/kernels/triton/test_tiles.py",
    "tests/kernels/triton/test_topk.py",
    "tests/kernels/triton/test_selected.py",
)
_BENCH = (sys.executable, "-m", "bench")
_PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
# Most of the tests' time is compilation, which pytest-xdist runs in parallel.
_SIDE_BY_SIDE = ("-n", str(min(14, os.cpu_count() or 1))) if importlib.util.find_spec("xdist") else ()
_SANITIZER = "compute-sanitizer"
# Random data would differ between processes; these tests cover all tile and slab edges.
_SMALL = "stride or slabs or room or gate or ties or chunks"


DONE, CUT_OFF, LEAST_SECONDS = "done", "no time left", 5


@dataclass(frozen=True)
class Step:
    """One thing to run.

    Attributes:
        name: its name in the table.
        command: run in a separate process; `--out` is added to benchmarks.
        seconds: its time limit.
    """

    name: str
    command: tuple[str, ...]
    seconds: int


# Correctness first, then what the goals are about, then the other shapes and models.
STEPS = (
    Step("kernels, compiled, against the reference", (*_PYTEST, *_SIDE_BY_SIDE, *_TRITON_TESTS), 120),
    Step("where the time of both encodes goes", (*_BENCH, "encode-stages"), 60),
    Step("encode, the shape of the goals", (*_BENCH, "encode", "--only", "2048x32768 k50 T16384"), 90),
    Step("throughput, Qwen3-1.7B", (*_BENCH, "throughput"), 150),
    Step("throughput, e5", (*_BENCH, "throughput", "--model", "e5"), 120),
    Step("encode, all shapes", (*_BENCH, "encode"), 240),
    Step(
        "kernels under memcheck",
        (
            _SANITIZER,
            "--tool",
            "memcheck",
            "--error-exitcode",
            "9",
            *_PYTEST,
            *_TRITON_TESTS[1:],
            "-k",
            _SMALL,
        ),
        120,
    ),
    Step("ONNX Runtime", (*_BENCH, "onnx"), 60),
    Step("throughput, Qwen3.5-2B", (*_BENCH, "throughput", "--model", "Qwen3.5-2B"), 120),
    Step("throughput, Qwen3-8B", (*_BENCH, "throughput", "--model", "Qwen3-8B"), 150),
    Step("the device's own rates", (*_BENCH, "device"), 40),
)


def run(out: Path | None = None, minutes: float = 8.0, steps: tuple[Step, ...] = STEPS) -> None:
    """Run the steps in order until the time is over; a failing step doesn't stop the others.

    Steps that are skipped or cut off for lack of time are listed but don't count as failures. Benchmarks keep rows in
    `bench/results/` of the same device and versions that they don't measure again.

    Args:
        out: Folder for the JSON; None: `$OUT` if it is set, else `bench/results/`.
        minutes: Total time limit. Measured rows of a step that is cut off are kept.
        steps: The steps.

    Raises:
        BenchError: There is no GPU, or a step failed, timed out or lacks its program.
    """
    if not torch.cuda.is_available():
        raise BenchError("no CUDA device is visible here; on a CPU run `python -m bench encode`")
    folder = out or (Path(os.environ["OUT"]) if os.environ.get("OUT") else None)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for stored in RESULTS.glob("*-gpu.json"):
            if not (folder / stored.name).exists():
                shutil.copy(stored, folder)
    end = time.monotonic() + 60 * minutes
    rows = []
    for step in steps:
        began = time.monotonic()
        print(f"\n== {step.name}", flush=True)
        outcome = _outcome(step, folder, end - began)
        rows.append([step.name, outcome, f"{time.monotonic() - began:.0f}"])
    print(f"\n{torch.cuda.get_device_name()}\n\n{markdown(['step', 'outcome', 'seconds'], rows)}")
    wrong = [name for name, outcome, _ in rows if outcome not in (DONE, CUT_OFF)]
    if wrong:
        raise BenchError(f"{len(wrong)} of {len(rows)} steps went wrong: {', '.join(wrong)}")


def _outcome(step: Step, folder: Path | None, left: float) -> str:
    if shutil.which(step.command[0]) is None:
        return f"{step.command[0]} isn't installed"
    if left < LEAST_SECONDS:
        return CUT_OFF
    command = list(step.command)
    if folder is not None and step.command[: len(_BENCH)] == _BENCH:
        command += ["--out", str(folder)]
    environment = {key: value for key, value in os.environ.items() if key != "TRITON_INTERPRET"}
    if step.command[0] == _SANITIZER:
        environment["PYTORCH_NO_CUDA_MEMORY_CACHING"] = (
            "1"  # otherwise torch's caching allocator hides out-of-bounds accesses
        )
    with tempfile.TemporaryDirectory() as place:  # also removes files of a killed step
        # its own process group, so that its child processes end with it
        process = subprocess.Popen(command, env=environment | {"TMPDIR": place}, start_new_session=True)  # noqa: S603
        try:
            code = process.wait(min(step.seconds, left))
        except subprocess.TimeoutExpired:
            return f"stopped after {step.seconds} s" if step.seconds <= left else CUT_OFF
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    return DONE if code == 0 else f"failed with exit code {code}"
