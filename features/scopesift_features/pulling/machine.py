"""Properties of a machine that matter for pulling and running a scope."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import torch

from scopesift_features.catalogue.table import scopes_home
from scopesift_features.devices import choose_device, has_bfloat16

# the packages without which transformers runs Qwen3.5's linear attention in plain torch
LINEAR_ATTENTION = {"fla": "flash-linear-attention", "causal_conv1d": "causal-conv1d"}
_CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Machine:
    """The current state of a machine.

    Attributes:
        device: where the backbone would run: "cpu", "cuda", "cuda:1", … or "auto".
        memory: bytes of main memory available to a new process; None: unknown.
        disk: free bytes for scopes and the hub's cache; the smaller one of two disks.
        gpu: the GPU's name; None: the device is not one.
        gpu_memory: bytes free on it; with "auto" the sum over all GPUs.
        bfloat16: whether the device multiplies bfloat16 in hardware.
        transformers: installed version.
        missing: packages of `LINEAR_ATTENTION` that are not installed, by their names for pip.
    """

    device: str
    memory: int | None
    disk: int
    gpu: str | None
    gpu_memory: int
    bfloat16: bool
    transformers: str
    missing: tuple[str, ...]


def this_machine(device: str | None = None) -> Machine:
    """Inspect this machine.

    Args:
        device: as `choose_device`.

    Raises:
        UsageError: a device that cannot be used here.
    """
    from huggingface_hub import constants

    chosen = choose_device(device)
    gpus = gpus_of(chosen)
    return Machine(
        device=chosen,
        memory=_available_memory(),
        disk=min(_free(scopes_home()), _free(Path(constants.HF_HUB_CACHE))),
        gpu=", ".join(torch.cuda.get_device_name(gpu) for gpu in gpus) or None,
        gpu_memory=sum(torch.cuda.mem_get_info(gpu)[0] for gpu in gpus),
        bfloat16=has_bfloat16(chosen),
        transformers=version("transformers"),
        missing=tuple(name for module, name in LINEAR_ATTENTION.items() if find_spec(module) is None),
    )


def gpus_of(device: str) -> list[str]:
    """The GPUs of a device: itself, all of them for "auto", none for a CPU."""
    if device == "auto":
        return [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    return [device] if device.startswith("cuda") else []


def _free(folder: Path) -> int:
    """Free bytes of a folder's disk; the folder needn't exist."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    return shutil.disk_usage(there).free


def _available_memory() -> int | None:
    found = []
    try:
        stated = re.search(r"^MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text(), re.M)
        found += [int(stated[1]) * 1024] if stated else []
    except OSError:  # not Linux: available memory is unknown without a package
        found += [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")] if hasattr(os, "sysconf") else []
    try:  # a container's own limit
        limit, used = ((_CGROUP / name).read_text().strip() for name in ("memory.max", "memory.current"))
        found += [] if limit == "max" else [int(limit) - int(used)]
    except (OSError, ValueError):
        pass
    return min(found, default=None)
