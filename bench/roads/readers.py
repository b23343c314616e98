"""The readers of the features of e5's bundled classifiers."""

from __future__ import annotations

from dataclasses import replace

from scopesift_classifiers.artifact.bundled import bundled_classifiers
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.engine import Engine, floors_of
from scopesift_features.catalogue.settings import INT8
from scopesift_features.catalogue.table import DEFAULT_SCOPE
from scopesift_features.reading.onnx.reader import OnnxReader
from scopesift_features.reading.selected_reader import SelectedReader
from scopesift_features.reading.torch_reader import TorchReader
from scopesift_features.scope import Scope


def engine_and_readers() -> tuple[Engine, dict[str, SelectedReader]]:
    """An engine with all bundled classifiers, and by name the readers of its features, loaded."""
    scope = Scope.load(DEFAULT_SCOPE, device="cpu")
    engine = Engine(scope, [Classifier.load(name) for name in bundled_classifiers()])
    floors = floors_of(engine.classifiers.values())
    features = [replace(feature, floor=float(floors[feature])) for feature in engine.features]
    readers: dict[str, SelectedReader] = {
        "torch": TorchReader(scope, features),
        "onnx": OnnxReader(scope, features),
        INT8: OnnxReader(scope.in_int8(), features),
    }
    for reader in readers.values():
        reader.load()
    return engine, readers
