"""Encoders of the residual: the kernels, or ONNX Runtime."""

from __future__ import annotations

from scopesift_features.reading.selected import Encoder, with_kernels
from scopesift_files.errors import UsageError

TORCH, ONNX = HEADS = ("torch", "onnx")


def choose_encoder(head: str, device: str) -> Encoder:
    """The encoder by name.

    Args:
        head: "torch" (the kernels) or "onnx" (ONNX Runtime).
        device: The scope's device.

    Raises:
        UsageError: An unknown name, or ONNX Runtime is not installed.
    """
    if head == TORCH:
        return with_kernels
    if head == ONNX:
        from scopesift_classifiers.onnx.runtime import OnnxEncoder

        return OnnxEncoder(device)
    raise UsageError(f"the head is one of {', '.join(HEADS)}, got {head!r}")
