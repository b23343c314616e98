"""ONNX Runtime as a back end: providers, sessions, and the encode."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scopesift_features.reading.extract import LayerTokens
from scopesift_features.reading.selected_features import LayerFeatures
from scopesift_features.sae.autoencoder import SparseAutoencoder
from scopesift_features.sae.threshold import ThresholdSAE
from scopesift_features.sae.topk import TopKSAE
from scopesift_files.errors import UsageError, first_line
from scopesift_kernels import SelectedMaxima

from scopesift_classifiers.onnx.nodes.encode import EncoderRows
from scopesift_classifiers.onnx.nodes.graph import OPSETS, OnnxGraph
from scopesift_classifiers.onnx.nodes.head import add_windows_head

PROVIDER = "SCOPESIFT_ONNX_PROVIDER"
_NAMES = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}


def load_runtime() -> Any:
    """The onnxruntime module.

    Raises:
        UsageError: not installed, or both conflicting packages are installed.
    """
    if _installed("onnxruntime") and _installed("onnxruntime-gpu"):
        raise UsageError(
            "onnxruntime and onnxruntime-gpu are both installed and overwrite each other's files; "
            "pip uninstall both, then pip install onnxruntime, or onnxruntime-gpu for a GPU"
        )
    try:
        import onnxruntime
    except ImportError:
        raise UsageError(
            "ONNX Runtime is not installed: pip install onnxruntime, or onnxruntime-gpu for a GPU"
        ) from None
    return onnxruntime


def choose_providers(available: list[str], device: str, wanted: str | None = None) -> list[Any]:
    """Execution providers, the preferred one first.

    TensorRT is only used if requested: it builds an engine for every new shape, which takes minutes.

    Args:
        available: Available providers.
        device: The scope's device; "cuda…" or "auto" prefer the GPU.
        wanted: "cpu", "cuda" or "tensorrt"; None: by device.

    Raises:
        UsageError: an unknown provider, or one that this onnxruntime lacks.
    """
    if wanted is None:
        on_gpu = device.startswith(("cuda", "auto")) and _NAMES["cuda"] in available
        wanted = "cuda" if on_gpu else "cpu"
    if wanted not in _NAMES:
        raise UsageError(f"{PROVIDER} must be one of {', '.join(_NAMES)}, got {wanted!r}")
    if _NAMES[wanted] not in available:
        raise UsageError(
            f"this onnxruntime has no {wanted} provider, only {', '.join(available)}; "
            "pip uninstall onnxruntime, then pip install onnxruntime-gpu"
        )
    # TF32 rounds inputs to 10 bits, which reorders features around the k-th largest
    cuda = (_NAMES["cuda"], {"use_tf32": 0, "device_id": int(device.partition(":")[2] or 0)})
    chosen: dict[str, list[Any]] = {"cpu": [], "cuda": [cuda], "tensorrt": [_NAMES["tensorrt"], cuda]}
    return [*chosen[wanted], _NAMES["cpu"]]


def open_session(model: bytes | str, device: str = "cpu") -> Any:
    """An inference session on the chosen provider, with as many threads as torch has.

    Args:
        model: The file's content, or its path.
        device: See `choose_providers`; the environment variable SCOPESIFT_ONNX_PROVIDER overrides it.

    Raises:
        UsageError: see `load_runtime` and `choose_providers`; or ONNX Runtime can't load the model.
    """
    runtime = load_runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    # its threads share cores with torch's, so idle threads must not spin
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    wanted = os.environ.get(PROVIDER) or None
    providers = choose_providers(runtime.get_available_providers(), device, wanted)
    try:
        return runtime.InferenceSession(model, options, providers=providers)
    except Exception as error:  # its exceptions share no public base class
        raise UsageError(f"ONNX Runtime cannot load the model: {first_line(error)}") from None


def exact_rows(sae: SparseAutoencoder, indices: list[int], **choices: Any) -> EncoderRows:
    """The rows of an encoder that give the exact activations of the selected features `indices`.

    All rows for TopK, whose features compete with each other; the features' own for an SAE with thresholds.

    Args:
        sae: The layer's SAE.
        indices: The selected features.
        **choices: Fields of `EncoderRows` about storage.
    """
    if not isinstance(sae, TopKSAE):
        return _own_rows(sae, indices, **choices)
    return EncoderRows(
        layer=sae.layer,
        W_FD=sae.W_enc_FD.float().cpu().numpy(),
        b_F=sae.b_enc_F.float().cpu().numpy(),
        columns_S=np.array(indices, dtype=np.int64),
        k=sae.k,
        rounding=str(sae.W_enc_FD.dtype).removeprefix("torch."),
        **choices,
    )


def _own_rows(sae: SparseAutoencoder, indices: list[int], **choices: Any) -> EncoderRows:
    if not isinstance(sae, ThresholdSAE):
        raise UsageError(
            f"an SAE of the kind {sae.model_type} cannot be exported; TopK and those with thresholds can"
        )
    return EncoderRows(
        layer=sae.layer,
        W_FD=sae.W_enc_FD[indices].float().cpu().numpy(),
        b_F=sae.b_enc_F[indices].float().cpu().numpy(),
        columns_S=np.arange(len(indices), dtype=np.int64),
        threshold_S=sae.threshold_F[indices].float().cpu().numpy(),
        rounding=str(sae.W_enc_FD.dtype).removeprefix("torch."),
        **choices,
    )


class OnnxEncoder:
    """The engine's encode through ONNX Runtime, exact like the kernels: one session per layer, opened on first use."""

    def __init__(self, device: str) -> None:
        """Check that ONNX Runtime is installed.

        Raises:
            UsageError: see `load_runtime`.
        """
        load_runtime()
        self._device = device
        self._sessions: dict[tuple[int, bytes], Any] = {}

    def __call__(
        self, sae: SparseAutoencoder, tokens: LayerTokens, features: LayerFeatures
    ) -> SelectedMaxima:
        """See `torch_reader.Encoder`.

        Raises:
            ValueError: a residual that is not finite.
        """
        session = self._session(sae, features.indices_S)
        x_BTD, mask_BT = pad_windows(tokens)
        feeds = {f"residual_{sae.layer}": x_BTD, "mask": mask_BT}
        maxima_BS, places_BS, refused_BT = session.run(["maxima", "tokens", "refused"], feeds)
        if refused_BT.any():
            raise ValueError("expected finite residuals, got NaN or infinity; check the backbone's weights")
        token_BT = np.full((mask_BT.shape[0], mask_BT.shape[1] + 1), -1, dtype=np.int64)
        token_BT[tokens.window_T.numpy(), tokens.position_T.numpy()] = np.arange(len(tokens.window_T))
        # position -1 indexes the appended last column, which holds -1
        tokens_BS = np.take_along_axis(token_BT, places_BS, axis=1)
        below_BS = maxima_BS <= features.floors_S
        maxima_BS[below_BS], tokens_BS[below_BS] = 0, -1
        return SelectedMaxima(torch.from_numpy(maxima_BS), torch.from_numpy(tokens_BS))

    def _session(self, sae: SparseAutoencoder, indices_S: NDArray[np.int64]) -> Any:
        key = (sae.layer, indices_S.tobytes())
        if key not in self._sessions:
            graph = OnnxGraph(f"layer_{sae.layer}")
            add_windows_head(graph, exact_rows(sae, indices_S.tolist()))
            model = graph.model(OPSETS[0], {})
            self._sessions[key] = open_session(model.SerializeToString(), self._device)
        return self._sessions[key]


def pad_windows(tokens: LayerTokens) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Tokens of a batch, padded: residual `[B, T, D]` float32, mask `[B, T]` int64."""
    x_TD = tokens.x_TD.float().cpu().numpy()
    window_T, position_T = tokens.window_T.numpy(), tokens.position_T.numpy()
    width = int(position_T.max()) + 1 if len(position_T) else 0
    x_BTD = np.zeros((len(tokens.windows), width, x_TD.shape[1]), dtype=np.float32)
    mask_BT = np.zeros(x_BTD.shape[:2], dtype=np.int64)
    x_BTD[window_T, position_T] = x_TD
    mask_BT[window_T, position_T] = 1
    return x_BTD, mask_BT


def _installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True
