"""Devices and precisions: what is used here unless a user says otherwise."""

from __future__ import annotations

import ctypes
import os
import sys
from importlib.util import find_spec

from scopesift_files.errors import UsageError, first_line

from scopesift_features.catalogue.settings import BACKBONE_DTYPES, ReadingSettings

_CUDA_DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
_ROCM_DEVICE = "/dev/kfd"


def choose_device(device: str | None) -> str:
    """The device to use.

    Args:
        device: a torch device, or "auto" to spread the backbone over all GPUs; None: a GPU if there is one.

    Raises:
        UsageError: not usable here, or "auto" without accelerate.
    """
    if device is None:
        return "cuda" if _has_gpu() else "cpu"
    chosen = device
    if chosen == "auto":
        if find_spec("accelerate") is None:
            raise UsageError(
                "device 'auto' spreads the backbone over several GPUs with accelerate, which is not installed; "
                "`pip install accelerate`, or name one device"
            )
        return chosen
    if chosen == "cpu":
        return chosen
    import torch

    try:
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(
            f"device {chosen!r} cannot be used here ({first_line(error)}); try --device cpu"
        ) from None
    return chosen


def choose_dtype(settings: ReadingSettings, device: str, dtype: str | None) -> str:
    """The backbone's precision.

    Args:
        settings: of the scope.
        device: of the backbone.
        dtype: one of `BACKBONE_DTYPES`; None: the settings', but float32 if that is bfloat16 and the device lacks it.

    Raises:
        UsageError: an unknown precision.
    """
    if dtype is not None and dtype not in BACKBONE_DTYPES:
        raise UsageError(f"dtype must be one of {', '.join(BACKBONE_DTYPES)}, not {dtype!r}")
    if dtype is None and settings.dtype == "bfloat16" and not has_bfloat16(device):
        return "float32"
    return dtype or settings.dtype


def has_bfloat16(device: str) -> bool:
    """Whether the device multiplies bfloat16 in hardware (x86: with AVX512-BF16 or AMX)."""
    import torch

    if device.startswith("cuda") or (device == "auto" and torch.cuda.is_available()):
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device not in ("cpu", "auto"):
        return True
    if torch.backends.cpu.get_cpu_capability() in ("DEFAULT", "AVX2"):
        return False
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def _has_gpu() -> bool:
    """Whether torch can use a GPU; without a GPU's driver the answer costs no import of torch."""
    if "torch" not in sys.modules and not (find_spec("torch") and _has_driver()):
        return False
    import torch

    return torch.cuda.is_available()


def _has_driver() -> bool:
    try:
        ctypes.CDLL(_CUDA_DRIVER)
    except OSError:
        return os.path.exists(_ROCM_DEVICE)
    return True
