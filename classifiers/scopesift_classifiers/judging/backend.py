"""What reads the features: torch, or ONNX Runtime where that gives the same answers but for rounding.

A scope in int8 is read by ONNX Runtime only: its activations are others, and belong to classifiers in int8.

ONNX Runtime needs no torch, starts in a fraction of the time, and is used by itself for scopes with graphs
of their own (e5) on a CPU. An encoder of one's own stands behind torch's backbone, so it belongs to the
back end torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scopesift_features.catalogue.settings import INT8
from scopesift_features.reading.onnx.reader import OnnxReader, is_readable
from scopesift_features.reading.selected_features import SelectedFeature
from scopesift_features.reading.selected_reader import SelectedReader
from scopesift_features.scope import Scope
from scopesift_features.torch_package import require_torch
from scopesift_files.errors import UsageError

if TYPE_CHECKING:
    from scopesift_features.reading.torch_reader import Encoder

TORCH, ONNX = BACKENDS = ("torch", "onnx")
REMEDY_INT8 = "otherwise use classifiers in float32"


@dataclass(frozen=True)
class Backend:
    """What runs the backbone and what the encode.

    Attributes:
        name: "torch" or "onnx".
        encoder: encodes behind torch's backbone; None: the kernels, or the back end onnx itself.
    """

    name: str
    encoder: Encoder | None = None

    def reader(self, scope: Scope, features: Sequence[SelectedFeature]) -> SelectedReader:
        """A reader of features; weights are loaded on first use."""
        if self.name == ONNX:
            return OnnxReader(scope, features)
        from scopesift_features.reading.torch_reader import TorchReader, with_kernels

        return TorchReader(scope, features, encoder=self.encoder or with_kernels)


def choose_backend(
    scope: Scope, layers: Sequence[int], backend: str | None = None, encoder: Encoder | None = None
) -> Backend:
    """The back end for the layers of a scope.

    Args:
        scope: the scope, on its device.
        layers: the layers to read.
        backend: "torch" or "onnx"; None: ONNX Runtime where it can read the scope and no encoder is given, else torch.
        encoder: encodes behind torch's backbone; None: the back end's own.

    Raises:
        UsageError: an unknown name, an encoder beside the back end onnx, a back end that can't read this scope here, or
            no torch where it is needed, or torch for a scope in int8.
    """
    if backend is not None and backend not in BACKENDS:
        raise UsageError(f"the backend is one of {', '.join(BACKENDS)}, got {backend!r}")
    if backend == ONNX and encoder is not None:
        raise UsageError(
            "a head is for the backend torch; the backend onnx encodes by itself: leave one of them out"
        )
    readable = is_readable(scope, layers)
    if scope.settings.dtype == INT8 and (backend == TORCH or encoder is not None):
        raise UsageError(
            f"torch does not read {scope.id} in int8, which these classifiers need; use the backend onnx "
            "without a head, or classifiers in float32"
        )
    if not readable and (backend == ONNX or scope.settings.dtype == INT8):
        raise UsageError(
            f"the backend onnx cannot read {scope.id} here; it needs e5 on the CPU in float32 or int8 and onnxruntime "
            f"installed: {REMEDY_INT8 if scope.settings.dtype == INT8 else 'use the backend torch'}"
        )
    if backend != TORCH and encoder is None and readable:
        return Backend(ONNX)
    require_torch(f"reading {scope.id} with the backend torch")
    return Backend(TORCH, encoder)
