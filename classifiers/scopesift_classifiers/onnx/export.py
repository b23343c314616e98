"""Exports a classifier to an ONNX file, and measures how many verdicts differ."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_features.catalogue.settings import INT8
from scopesift_features.checks.scope import TEXTS
from scopesift_features.sae.topk import TopKSAE
from scopesift_features.scope import Scope
from scopesift_files.counted import counted
from scopesift_files.errors import InputError, UsageError

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.onnx.file import open_model, write_model
from scopesift_classifiers.onnx.metadata import as_properties, as_text, graph_metadata
from scopesift_classifiers.onnx.nodes.backbone import add_backbone
from scopesift_classifiers.onnx.nodes.encode import FP32, STORED, EncoderRows
from scopesift_classifiers.onnx.nodes.graph import OPSETS, OnnxGraph, require_onnx
from scopesift_classifiers.onnx.nodes.head import add_classifier_head, add_residual_inputs, routed_decisions
from scopesift_classifiers.onnx.nodes.int8 import MODES, measure_range
from scopesift_classifiers.onnx.parity import Candidate, Disagreement, compare_with_torch
from scopesift_classifiers.onnx.rows import row_batches
from scopesift_classifiers.onnx.runtime import exact_rows, load_runtime
from scopesift_classifiers.onnx.stand_in import Tokens, selected_rows
from scopesift_classifiers.onnx.texts import own_sentences, writes_texts

FULL, SELECTED = HEADS = ("full", "selected")
BUILT_IN = "built-in sentences"


@dataclass(frozen=True)
class ExportSettings:
    """Settings of an export.

    Attributes:
        head: "full" (the whole encoder, exact top-k) or "selected" (only the rows that the classifier reads).
        opset: 18, 19 or 20.
        dtype: Precision of stored weights, "fp32" or "fp16"; arithmetic is float32.
        int8: "dynamic" or "static": encoder weights and products in 8 bits; None: no.
        with_backbone: Token ids as input instead of residuals.
        external_data: Weights in a separate file.
    """

    head: str = FULL
    opset: int = OPSETS[0]
    dtype: str = FP32
    int8: str | None = None
    with_backbone: bool = False
    external_data: bool = False

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            UsageError: an unknown one, or an invalid combination.
        """
        for name, value, known in (
            ("head", self.head, HEADS),
            ("opset", self.opset, OPSETS),
            ("dtype", self.dtype, STORED),
            ("int8", self.int8, (None, *MODES)),
        ):
            if value not in known:
                raise UsageError(
                    f"{name} must be one of {', '.join(str(one) for one in known if one)}, got {value}"
                )
        if self.int8 and self.head == SELECTED:
            raise UsageError("8-bit weights are for the full head; the selected one is small as it is")


@dataclass(frozen=True)
class Export:
    """A written export.

    Attributes:
        files: The graph and what lies beside it.
        disagreement: Between graph and classifier, on texts that were not used for calibration.
    """

    files: list[Path]
    disagreement: Disagreement


def export_classifier(
    classifier: Classifier,
    scope: Scope,
    path: Path,
    settings: ExportSettings,
    texts: Sequence[str] | None = None,
    say: Callable[[str], None] = lambda _: None,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Export:
    """Write a classifier as an ONNX file, with a JSON description (and the tokenizer) beside it.

    Args:
        classifier: The classifier.
        scope: The scope that it was fitted on.
        path: File of the graph; the description is written to `<path>.json`.
        settings: Settings.
        texts: One half is used to calibrate, the other to measure; None: nano generates its own, other scopes are
            measured on a few built-in sentences if no calibration is needed. The file only contains their hash.
        say: Called with one line per step.
        on_progress: Called with (texts read, all texts), of calibration and comparison together.

    Raises:
        UsageError: invalid settings; a classifier in int8; too few texts; a scope that needs texts; onnx is missing.
        ScopeError: another scope, or a backbone that cannot be exported.
        InputError: a classifier that can't be exported.
    """
    require_onnx()
    load_runtime()
    if classifier.settings.dtype == INT8:
        raise UsageError(
            f"classifier {classifier.name!r} is in int8, which exports don't read; take or fit one in float32, and "
            "export that with --int8 for an encoder in 8 bits"
        )
    scope = classifier.bind(scope)
    routed_decisions(classifier)
    needs_texts = settings.head == SELECTED or settings.int8 is not None
    chosen, source = (
        (classifier.as_read(texts), "given")
        if texts is not None
        else _own_texts(classifier, scope, needs_texts, say)
    )
    if len(chosen) < 2:
        raise UsageError(
            f"an export is calibrated on half of the texts and measured on the rest, got {len(chosen)}"
        )
    # the built-in texts are not used for calibration, so all of them are measured
    calibrate, measure = ((), chosen) if source == BUILT_IN else (chosen[0::2], chosen[1::2])
    done, total = 0, len(measure) + (len(calibrate) if needs_texts else 0)

    def on_texts(n_texts: int) -> None:
        nonlocal done
        done += n_texts
        on_progress(done, total)

    tokens = calibration_tokens(scope, calibrate, _layers(classifier), on_texts) if needs_texts else {}
    encoders = make_encoders(classifier, scope, settings, tokens)
    say(f"comparing with the classifier itself on {counted(len(measure), 'text')}")
    # the rate is added to the metadata after the measurement
    draft = build_model(classifier, scope, encoders, settings, {})
    candidate = Candidate("draft", classifier, open_model(draft), settings.with_backbone)
    disagreement = compare_with_torch(scope, measure, [candidate], on_texts)[0]
    digest = hashlib.sha256("\0".join(chosen).encode("utf-8", "surrogatepass")).hexdigest()
    facts = {
        **{name: getattr(settings, name) for name in ("head", "opset", "dtype", "int8", "with_backbone")},
        "disagreement": {**disagreement.to_dict(), "source": source, "texts_sha256": digest},
    }
    description = graph_metadata(classifier, scope, facts)
    model = build_model(classifier, scope, encoders, settings, as_properties(description))
    beside = {f"{path.name}.json": as_text(description).encode()}
    if settings.with_backbone:
        beside["tokenizer.json"] = scope.tokenizer.to_json().encode()
    files = write_model(path, model, beside, external_data=settings.external_data)
    return Export(files, disagreement)


def _own_texts(
    classifier: Classifier, scope: Scope, needs_texts: bool, say: Callable[[str], None]
) -> tuple[Sequence[str], str]:
    """Default texts and their origin."""
    if not needs_texts and not writes_texts(scope):
        return TEXTS, BUILT_IN
    if writes_texts(scope):
        say("generating texts with the scope's language model to calibrate and measure on")
    return own_sentences(scope, classifier), "written by the scope's language model"


def make_encoders(
    classifier: Classifier, scope: Scope, settings: ExportSettings, tokens: Mapping[int, Tokens]
) -> list[EncoderRows]:
    """The encoder rows of every layer that the classifier reads, calibrated if needed.

    Args:
        classifier: The classifier.
        scope: Its SAEs.
        settings: Settings.
        tokens: Residuals for calibration of the selected head and of int8.

    Raises:
        InputError: they are needed and there are none.
    """
    columns: dict[int, list[int]] = {}
    for layer, index in classifier.features:
        columns.setdefault(layer, []).append(index)
    bounds = {layer: scope.norm_bounds.get(layer, math.inf) for layer in columns}
    if settings.head == FULL and settings.int8 is None:
        return [
            exact_rows(scope.sae(layer), rows, stored=settings.dtype, norm_bound=bounds[layer])
            for layer, rows in columns.items()
        ]
    if not len(tokens[min(columns)].x_TD):
        raise InputError("the texts hold no tokens to calibrate on; give texts with words in them")
    encoders = []
    for layer, rows in columns.items():
        sae = scope.sae(layer)
        if settings.int8 is not None:
            exact = exact_rows(sae, rows, norm_bound=bounds[layer])
            ranges = measure_range([tokens[layer].x_TD], exact.W_FD, settings.int8)
            encoders.append(replace(exact, int8=ranges))
        elif not isinstance(sae, TopKSAE):  # needs no other rows, and so no estimate
            encoders.append(exact_rows(sae, rows, stored=settings.dtype, norm_bound=bounds[layer]))
        else:
            lowest = _lowest_thresholds(classifier, layer, rows)
            chosen = selected_rows(sae, rows, lowest, tokens[layer], settings.dtype)
            encoders.append(replace(chosen, norm_bound=bounds[layer]))
    return encoders


def build_model(
    classifier: Classifier,
    scope: Scope,
    encoders: Sequence[EncoderRows],
    settings: ExportSettings,
    properties: dict[str, str],
) -> Any:
    """The graph as an `onnx.ModelProto`."""
    graph = OnnxGraph(f"{classifier.name}_{settings.head}")
    keep_BT = None
    if settings.with_backbone:
        layers = [rows.layer for rows in encoders]
        residuals, keep_BT = add_backbone(graph, scope, layers, settings.dtype)
    else:
        residuals = add_residual_inputs(graph, encoders)
    add_classifier_head(graph, classifier, encoders, residuals, keep_BT)
    return graph.model(settings.opset, properties)


def calibration_tokens(
    scope: Scope,
    texts: Sequence[str],
    layers: Sequence[int],
    on_texts: Callable[[int], None] = lambda _: None,
) -> dict[int, Tokens]:
    """Residuals of the tokens that count, by layer, in the order of the texts; `on_texts` gets each batch's number."""
    parts: dict[int, list[NDArray[np.float32]]] = {layer: [] for layer in layers}
    documents: dict[int, list[NDArray[np.int64]]] = {layer: [] for layer in layers}
    for places, rows in row_batches(scope, texts):
        for layer, x_BTD in rows.residuals(scope, layers).items():
            keep_BT = rows.counted(x_BTD, scope.norm_bounds.get(layer, math.inf))
            parts[layer].append(x_BTD[keep_BT])
            document_BT = np.broadcast_to(places[rows.document_B][:, None], keep_BT.shape)
            documents[layer].append(document_BT[keep_BT])
        on_texts(len(places))
    found = {}
    for layer in layers:
        document_T = np.concatenate([np.zeros(0, np.int64), *documents[layer]])
        order_T = np.argsort(document_T, kind="stable")
        x_TD = np.concatenate([np.zeros((0, scope.d_model), np.float32), *parts[layer]])
        found[layer] = Tokens(x_TD[order_T], document_T[order_T])
    return found


def _layers(classifier: Classifier) -> list[int]:
    return sorted({layer for layer, _ in classifier.features})


def _lowest_thresholds(classifier: Classifier, layer: int, indices: Sequence[int]) -> NDArray[np.float32]:
    lowest: dict[int, float] = {}
    for decision in classifier.decisions.values():
        for item in decision.features:
            if item.layer == layer:
                lowest[item.index] = min(item.threshold, lowest.get(item.index, item.threshold))
    return np.array([lowest[index] for index in indices], np.float32)
