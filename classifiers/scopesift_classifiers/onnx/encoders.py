"""Encoders of the residual behind torch's backbone: the kernels, or ONNX Runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopesift_features.torch_package import require_torch
from scopesift_files.errors import UsageError

if TYPE_CHECKING:
    from scopesift_features.reading.torch_reader import Encoder

TORCH, ONNX = HEADS = ("torch", "onnx")


def choose_encoder(head: str | None, device: str) -> Encoder | None:
    """The encoder by name.

    Args:
        head: "torch" (the kernels) or "onnx" (ONNX Runtime); None: whatever reads the texts encodes too.
        device: The scope's device.

    Raises:
        UsageError: An unknown name, or torch or ONNX Runtime is not installed.
    """
    if head is None:
        return None
    if head not in HEADS:
        raise UsageError(f"the head is one of {', '.join(HEADS)}, got {head!r}")
    require_torch("a head, which encodes behind torch's backbone,")
    if head == TORCH:
        from scopesift_features.reading.torch_reader import with_kernels

        return with_kernels
    from scopesift_classifiers.onnx.runtime import OnnxEncoder

    return OnnxEncoder(device)
