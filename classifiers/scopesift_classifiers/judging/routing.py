"""Routing: the decision for a text is its language's own if the language score is high enough, else the default one."""

from __future__ import annotations

from collections.abc import Sequence

from scopesift_features.catalogue.settings import INT8

from scopesift_classifiers.artifact.bundled import int8_version, named_classifiers
from scopesift_classifiers.artifact.classifier import DEFAULT, LANGUAGE, Classifier
from scopesift_classifiers.judging.answers import Answers


def rules_of(classifier: Classifier, n_texts: int, languages: Answers | None) -> list[str]:
    """Name of the decision for every text: "default" or a language.

    Args:
        classifier: Has the decisions.
        n_texts: Number of texts.
        languages: The language classifier's answers; None without one.
    """
    if languages is None or not classifier.by_lang:
        return [DEFAULT] * n_texts
    return [
        classifier.rule_for(code) if score >= classifier.route_confidence else DEFAULT
        for code, score in zip(languages.label_N, languages.score_N, strict=True)
    ]


def unrouted(classifiers: Sequence[Classifier]) -> list[Classifier]:
    """Classifiers with decisions of single languages, if no classifier called "language" is among them."""
    if any(one.name == LANGUAGE for one in classifiers):
        return []
    return [one for one in classifiers if one.by_lang]


def bundled_language(classifier: Classifier) -> Classifier | None:
    """The bundled language classifier that reads what this one reads, in the same precision; None if there is none."""
    name = int8_version(LANGUAGE) if classifier.settings.dtype == INT8 else LANGUAGE
    path = named_classifiers(classifier.scope.get("id", "")).get(name)
    if path is None:
        return None
    language = Classifier.load(path)
    return language if language.scope.get("sha256") == classifier.scope.get("sha256") else None


def with_language(classifiers: Sequence[Classifier]) -> list[Classifier]:
    """The classifiers, followed by the bundled language classifier if they need it and it matches."""
    routed = unrouted(classifiers)
    language = bundled_language(routed[0]) if routed else None
    return [*classifiers, *([] if language is None else [language])]
