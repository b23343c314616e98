"""The card of a classifier, from its artifact alone."""

from __future__ import annotations

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.model_cards.benchmarks import benchmarks
from scopesift_classifiers.model_cards.card import ModelCard
from scopesift_classifiers.model_cards.limits import guidance, limits, links
from scopesift_classifiers.model_cards.method import method
from scopesift_classifiers.model_cards.training import annotation, taxonomy, training_data

SECTIONS = (training_data, taxonomy, annotation, method, benchmarks, limits, guidance, links)


def model_card(classifier: Classifier) -> ModelCard:
    """The card of a classifier; neither its scope nor any text is read.

    Args:
        classifier: The classifier, with two or many labels.
    """
    return ModelCard(classifier.name, classifier.version, tuple(make(classifier) for make in SECTIONS))
