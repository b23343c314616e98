"""Versions and hardware of a measurement, without names of hosts or users."""

from __future__ import annotations

import os
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from scopesift_features.pulling.machine import gpus_of

PACKAGES = ("scopesift", "torch", "transformers", "tokenizers", "numpy")
UNKNOWN = "unknown"


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that affect results, by name; `cuda` if torch has it."""
    found = {"python": platform.python_version(), **{name: _installed(name) for name in PACKAGES}}
    return found if torch.version.cuda is None else {**found, "cuda": torch.version.cuda}


def system_name() -> str:
    """Operating system, the numbers of its release and the architecture: `Linux 6.1.0 x86_64`.

    The rest of the release is left out: it may contain names of companies and hosts.
    """
    release = re.match(r"[\d.]*", platform.release())
    parts = (platform.system(), release[0].strip(".") if release else "", platform.machine())
    return " ".join(part for part in parts if part) or UNKNOWN


def processor_name() -> str:
    """The processor's model name."""
    info = Path("/proc/cpuinfo")
    for line in info.read_text().splitlines() if info.is_file() else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine() or UNKNOWN


def gpu_names(device: str) -> list[str]:
    """Names of the GPUs of a device as returned by `choose_device`."""
    return [torch.cuda.get_device_name(gpu) for gpu in gpus_of(device)]


def core_count() -> int:
    """Logical processors."""
    return os.cpu_count() or 1


def peak_memory() -> int | None:
    """Peak main memory of this process in bytes; None if unknown."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def peak_gpu_memory(device: str) -> int | None:
    """Peak memory of this process's tensors on a device's GPUs in bytes; None without a GPU."""
    gpus = gpus_of(device)
    return sum(torch.cuda.max_memory_allocated(gpu) for gpu in gpus) if gpus else None


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return UNKNOWN
