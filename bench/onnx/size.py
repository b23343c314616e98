"""Size of the `selected` head of a Qwen3-1.7B-sized scope, with a toxicity-like rule."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch
from scopesift_classifiers.artifact.calibration import Calibration
from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.artifact.rule import Rule, RuleFeature
from scopesift_classifiers.onnx.file import write_model
from scopesift_classifiers.onnx.nodes.encode import FP32
from scopesift_classifiers.onnx.nodes.graph import OPSETS, OnnxGraph
from scopesift_classifiers.onnx.nodes.head import add_classifier_head, add_residual_inputs
from scopesift_classifiers.onnx.stand_in import Tokens, selected_rows
from scopesift_features.catalogue.settings import ReadingSettings
from scopesift_features.sae.topk import TopKSAE

D_MODEL, D_SAE, K, LAYERS, FEATURES = 2048, 32768, 50, (6, 14), 20
TOKENS = 64
LIMIT_MIB = 2.0


def selected_mib() -> float:
    """MiB of a selected head with 20 features in two layers, random weights; checked as every export is."""
    generator = torch.Generator().manual_seed(0)
    indices = list(range(FEATURES // len(LAYERS)))
    features = tuple(RuleFeature(layer, index, 1.0) for layer in LAYERS for index in indices)
    points = tuple(float(x) for x in np.linspace(0, 3, 64))
    calibration = Calibration(points, tuple(0.1 + x / 4 for x in points), 0.5, 0.5)
    decision = Decision(features, {"toxic": Rule(m=2)}, calibration, 0.5)
    classifier = Classifier(
        "toxicity", BINARY, "clean", {}, ReadingSettings(window_tokens=1024, overlap_tokens=128), decision
    )
    encoders = []
    for layer in LAYERS:
        W_enc_FD = torch.randn(D_SAE, D_MODEL, generator=generator) / D_MODEL**0.5
        sae = TopKSAE(W_enc_FD, torch.zeros(D_SAE), None, None, k=K, layer=layer)
        x_TD = torch.randn(TOKENS, D_MODEL, generator=generator).numpy()
        tokens = Tokens(x_TD, np.arange(TOKENS) // 4)
        encoders.append(selected_rows(sae, indices, np.ones(len(indices), np.float32), tokens, FP32))
    graph = OnnxGraph("toxicity_selected")
    add_classifier_head(graph, classifier, encoders, add_residual_inputs(graph, encoders))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "selected.onnx"
        write_model(path, graph.model(OPSETS[0], {}), {}, external_data=False)
        return path.stat().st_size / 2**20
