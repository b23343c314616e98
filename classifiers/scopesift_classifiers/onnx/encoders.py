"""Encoders of the residual: the kernels, or ONNX Runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopesift_files.errors import UsageError

if TYPE_CHECKING:
    from scopesift_features.reading.torch_reader import Encoder

TORCH, ONNX = HEADS = ("torch", "onnx")


def choose_encoder(head: str, device: str) -> Encoder | None:
    """The encoder by name.

    Args:
        head: "torch" (the kernels) or "onnx" (ONNX Runtime).
        device: The scope's device.

    Returns:
        None for the kernels.

    Raises:
        UsageError: An unknown name, or ONNX Runtime is not installed.
    """
    if head == TORCH:
        return None
    if head == ONNX:
        from scopesift_classifiers.onnx.runtime import OnnxEncoder

        return OnnxEncoder(device)
    raise UsageError(f"the head is one of {', '.join(HEADS)}, got {head!r}")
