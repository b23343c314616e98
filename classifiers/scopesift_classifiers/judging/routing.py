"""Routing: the decision for a text is its language's own if the language score is high enough, else the default one."""

from __future__ import annotations

from collections.abc import Sequence

from scopesift_classifiers.artifact.bundled import bundled_classifiers
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


def with_language(classifiers: Sequence[Classifier]) -> list[Classifier]:
    """The classifiers, followed by their scope's bundled language classifier if they need it and it matches."""
    loaded, routed = list(classifiers), unrouted(classifiers)
    scope_id = routed[0].scope.get("id", "") if routed else ""
    if LANGUAGE in bundled_classifiers(scope_id):
        language = Classifier.load(LANGUAGE, scope_id)
        if language.scope.get("sha256") == routed[0].scope.get("sha256"):
            loaded.append(language)
    return loaded
