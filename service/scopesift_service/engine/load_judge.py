"""Create a judge from the settings: scope, classifiers, state folder."""

from __future__ import annotations

from collections.abc import Sequence

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.language_spans import spans_of_texts
from scopesift_classifiers.judging.loading import in_precision_of
from scopesift_classifiers.judging.token_hits import token_hits
from scopesift_classifiers.onnx.encoders import choose_encoder
from scopesift_features.scope import Scope

from scopesift_service.engine.judge import Judge
from scopesift_service.settings import ServiceSettings
from scopesift_service.versions.registry import Registry
from scopesift_service.versions.starting import start_classifiers


def load_judge(chosen: ServiceSettings) -> Judge:
    """Load scope and classifiers, and warm them up.

    Raises:
        ScopesiftError: They are missing or don't match, or a setting names others.
    """
    scope = Scope.load(chosen.scope, device=chosen.device)
    classifiers = start_classifiers(scope, chosen)
    scope = in_precision_of(classifiers, scope)
    scope.tokenizer.load()  # not left to the first long text
    encoder = choose_encoder(chosen.head, scope.device)

    def make_engine(classifiers: Sequence[Classifier]) -> Engine:
        engine = Engine(scope, classifiers, backend=chosen.backend, encoder=encoder)
        engine.reader.load()  # a version that needs a deeper backbone is refused now if that can't be read
        return engine

    return Judge(
        scope.fingerprint,
        classifiers,
        make_engine,
        spans_of_texts,
        token_hits,
        registry=Registry(chosen.state) if chosen.state else None,
    )
