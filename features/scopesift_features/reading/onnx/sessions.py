"""Sessions of ONNX Runtime over the graphs of a scope, which hold no weights: these are given as arrays."""

from __future__ import annotations

import gzip
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_files.errors import ScopeError, UsageError, first_line

from scopesift_features.catalogue.settings import FLOAT32, INT8

FOLDER = "onnx"
"""Folder of the graphs inside a scope's folder."""
BYTE_PRODUCT = "byte-product.onnx"
"""The graph of `byte_kind`."""
UINT8 = "uint8"
"""Weights of the int8 graphs on processors where signed ones don't keep their products."""
SCALES = "int8.npz"
"""Scales of the activations in the int8 graphs, see `int8.scales_file`."""


def blocks_name(deepest: int, weights: str = FLOAT32) -> str:
    """Name of the graph of the blocks 0 … `deepest`, whose weights are "float32", "int8" or "uint8"."""
    return f"blocks{_kind(deepest, weights)}"


def deeper_blocks_name(after: int, deepest: int, weights: str = FLOAT32) -> str:
    """Name of the graph of the blocks `after` + 1 … `deepest`, see `blocks_name`."""
    return f"blocks{after + 1}to{_kind(deepest, weights)}"


def encode_name(weights: str = FLOAT32) -> str:
    """Name of the graph of the encode, for the SAEs of all layers; weights as in `blocks_name`."""
    return "encode.onnx" if weights == FLOAT32 else f"encode-{weights}.onnx"


def load_runtime() -> Any:
    """The onnxruntime module.

    Raises:
        UsageError: not installed.
    """
    try:
        import onnxruntime
    except ImportError:
        raise UsageError(
            "the back end onnx needs ONNX Runtime, which is not installed: pip install onnxruntime, or use torch"
        ) from None
    return onnxruntime


def open_graph(path: Path, weights: Mapping[str, NDArray[Any]], threads: int | None = None) -> Any:
    """A session over a graph on the CPU; safe to run from several threads, with one copy of the weights.

    Args:
        path: The graph; its weights are declared as external data.
        weights: All of them by name.
        threads: Threads per product; None: see `thread_count`. Their number doesn't affect the results.

    Raises:
        UsageError: ONNX Runtime is not installed.
        ScopeError: no such graph, or weights that don't fit it.
    """
    runtime = load_runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads or thread_count()
    options.log_severity_level = 3
    # the graphs are written in the operators that are fastest; what the optimiser would fuse further, Add and
    # LayerNormalization, takes three times as long as one operator
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    # threads may wait for work by spinning inside a run, but not between runs
    options.add_session_config_entry("session.force_spinning_stop", "1")
    values = [runtime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(value)) for value in weights.values()]
    options.add_external_initializers(list(weights), values)
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        return runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except OSError as error:
        raise ScopeError(f"{path} cannot be read ({error}); install scopesift again") from None
    except Exception as error:  # its exceptions share no public base class
        raise ScopeError(f"ONNX Runtime cannot open {path}: {first_line(error)}") from None


@cache
def byte_kind(folder: Path) -> str:
    """Kind of the weights that this processor multiplies with unsigned bytes without loss: "int8" or "uint8".

    x86 without VNNI adds them in pairs in 16 bits, which the largest products exceed. ONNX Runtime multiplies two
    unsigned bytes without loss on every processor, but on those with VNNI or AMX several times slower.

    Args:
        folder: The folder of the graphs.

    Raises:
        UsageError, ScopeError: As `open_graph`.
    """
    factors, weights = np.full((16, 64), 255, np.uint8), np.full((64, 16), -127, np.int8)
    (found,) = open_graph(folder / BYTE_PRODUCT, {}, 1).run(None, {"factors": factors, "weights": weights})
    return INT8 if (found == factors.astype(np.int32) @ weights.astype(np.int32)).all() else UINT8


def thread_count() -> int:
    """Threads of a session: OMP_NUM_THREADS, as torch reads it, or the processors that this process may use."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdecimal() and int(wanted) > 0:
        return int(wanted)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _kind(deepest: int, weights: str) -> str:
    return f"{deepest}.onnx" if weights == FLOAT32 else f"{deepest}-{weights}.onnx.gz"
