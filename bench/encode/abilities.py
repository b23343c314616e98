"""What the processor can do that decides how fast products are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.results_file import device_name

_FLAGS = (
    "avx2", "fma", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_bf16",
    "amx_int8", "asimd", "sve", "bf16", "i8mm",
)  # fmt: skip


def processor() -> dict[str, Any]:
    """Name and abilities, as Linux names them; no abilities where it doesn't say.

    Returns:
        name; abilities, sorted.
    """
    info = Path("/proc/cpuinfo")
    flags: set[str] = set()
    for line in info.read_text().splitlines() if info.is_file() else []:
        if line.lower().startswith(("flags", "features")):
            flags.update(line.split(":", 1)[1].split())
    return {"name": device_name(), "abilities": sorted(flags.intersection(_FLAGS))}


UNITS = {
    "amx": ("amx_bf16", "AMX"),
    "avx512-bf16": ("avx512_bf16", "AVX512-BF16"),
    "arm-bf16": ("bf16", "Arm's BF16"),
    "float32": ("", "no instructions for bfloat16"),
}
"""What a CPU multiplies bfloat16 with, the fastest first: its flag in Linux and its name. Each has its own results."""


def unit() -> str:
    """The fastest of `UNITS` that this processor has."""
    abilities = processor()["abilities"]
    return next(name for name, (flag, _) in UNITS.items() if not flag or flag in abilities)
