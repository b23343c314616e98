"""Metadata of an exported file: classifier, reading settings, meaning of the outputs."""

from __future__ import annotations

import json
from typing import Any

from scopesift_features.reading.batching.windows import prefix_ids, suffix_ids
from scopesift_features.scope import Scope

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.artifact.text import canonical
from scopesift_classifiers.onnx.nodes.head import NO_LABEL, REFUSED

FORMAT = "scopesift-onnx-1"


def graph_metadata(classifier: Classifier, scope: Scope, export: dict[str, Any]) -> dict[str, Any]:
    """The description for the metadata and the JSON file beside the graph.

    Args:
        classifier: The classifier.
        scope: Its scope.
        export: Settings of the export, and its disagreement with the classifier.
    """
    return {
        "format": FORMAT,
        "classifier": {
            "name": classifier.name,
            "version": classifier.version,
            "kind": classifier.kind,
            "labels": classifier.labels,
            "unknown": classifier.unknown,
            "no_label": NO_LABEL,
            "refused": REFUSED,
            "languages": sorted(classifier.by_lang),
            "route_confidence": classifier.route_confidence,
        },
        "features": [list(feature) for feature in classifier.features],
        "thresholds": {
            route: [[item.layer, item.index, item.threshold] for item in decision.features]
            for route, decision in classifier.decisions.items()
        },
        "scope": classifier.scope,
        "reading": {
            **classifier.settings.to_dict(),
            # the graph takes token ids: the caller restores the text before tokenising
            **({"restore": True} if classifier.restore else {}),
            "norm_bounds": {str(layer): bound for layer, bound in classifier.norm_bounds.items()},
            "prefix_ids": prefix_ids(scope),
            "suffix_ids": suffix_ids(scope),
        },
        "export": export,
    }


def as_properties(description: dict[str, Any]) -> dict[str, str]:
    """The description as an ONNX model's metadata properties: strings as they are, other values as JSON."""
    properties = {}
    for section, content in description.items():
        parts = content.items() if isinstance(content, dict) else [("", content)]
        for name, value in parts:
            key = f"scopesift.{section}.{name}".rstrip(".")
            properties[key] = value if isinstance(value, str) else canonical(value)
    return properties


def as_text(description: dict[str, Any]) -> str:
    """The description as the JSON file beside the graph, for runtimes that don't show metadata."""
    return json.dumps(description, indent=1, ensure_ascii=False) + "\n"
