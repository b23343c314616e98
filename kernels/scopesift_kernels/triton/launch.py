"""Launching a kernel without Triton's analysis of its arguments, which costs the host more than the launch itself."""

from __future__ import annotations

from typing import Any

import torch
import triton

from scopesift_kernels.interpreter import interpreted

KNOWN_VERSION = triton.__version__.startswith(("3.6.", "3.7."))
"""What Triton compiles a kernel for was read off these versions: others analyse every launch themselves."""

_compiled: dict[tuple[object, ...], Any] = {}


def launch(
    kernel: Any, grid: tuple[int, int, int], *args: object, constants: dict[str, Any], **options: int
) -> None:
    """Launch a kernel on the current device and stream.

    Triton compiles a kernel anew for other dtypes, for addresses and integers that are multiples of 16 or not, and for
    integers that are 1 or don't fit 32 bits. Arguments like earlier ones go to the compiled kernel directly.

    Args:
        kernel: a function under `triton.jit` or `gluon.jit`.
        grid: programs in each of three dimensions.
        args: the kernel's first arguments: tensors, integers, tensor descriptors, None.
        constants: its other arguments, all compile-time values, by name and in its order.
        options: num_warps and the like.

    Raises:
        ValueError: the constants are not the kernel's last arguments.
    """
    if not KNOWN_VERSION or interpreted():
        kernel[grid](*args, **constants, **options)
        return
    key = (
        id(kernel),
        torch.cuda.current_device(),
        *map(_kind, args),
        *constants.values(),
        *options.values(),
    )
    compiled = _compiled.get(key)
    if compiled is not None:
        compiled[grid](*args, *constants.values())
        return
    if kernel.arg_names[len(args) :] != list(constants):
        raise ValueError(f"constants have to be {kernel.arg_names[len(args) :]}, not {list(constants)}")
    _compiled[key] = kernel[grid](*args, **constants, **options)


def _kind(argument: object) -> object:
    if isinstance(argument, int):
        return argument == 1, argument % 16 == 0, argument.bit_length() > 31
    if isinstance(argument, torch.Tensor):
        return argument.dtype, argument.data_ptr() % 16 == 0
    if argument is None:
        return None
    return argument.base.dtype, *argument.block_shape  # type: ignore[attr-defined] # Triton's descriptors, or Gluon's
