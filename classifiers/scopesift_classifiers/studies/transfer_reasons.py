"""Explanations why transfer to a language works or fails, from measurements."""

from __future__ import annotations

import unicodedata
from typing import Any

import numpy as np
from scopesift_files.counted import counted

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.rule_search.paper import firing_deltas
from scopesift_classifiers.studies.learning_curve import LanguageRows
from scopesift_classifiers.transfer.strategies import candidate_columns
from scopesift_classifiers.transfer.transfer import positives

CARRIES = 0.6
"""Balanced accuracy from which on transfer counts as successful, and from which on languages are averaged."""
SPEAKS = 0.05
"""Firing-rate difference from which on a feature distinguishes the labels."""
HARD_FOR_WORDS = 0.65
CLEARLY = 0.03


def transfer_facts(classifier: Classifier, rows: LanguageRows, curve: dict[str, Any]) -> dict[str, Any]:
    """Measurements of a language that explain transfer.

    Returns:
        latin_letters: share of the letters of its train texts that are Latin.
        routed: share of its test texts with the right language verdict.
        rule_flags: share of its test texts that the classifier flags without its labels.
        candidates: number of candidate features of the classifier's fit (for an old artifact: the rule's features).
        candidates_that_speak: number of these that fire more often, by at least `SPEAKS`, on its positive texts.
        best_candidate: the largest firing-rate difference among them.
        best_feature: the largest one among all features of the scope.
        full and tfidf_full: balanced accuracy with all labels; None if not measured.
    """
    delta_F = firing_deltas(rows.train_table, positives(classifier, rows.train))
    candidates = candidate_columns(classifier, rows.train_table)
    own = delta_F[candidates]
    whole = curve["few"].get("1")
    return {
        "latin_letters": round(latin_letters(rows.train.texts), 3),
        "routed": curve["routed"],
        "rule_flags": round(float(rows.default_N.mean()), 4),
        "candidates": len(candidates),
        "candidates_that_speak": int((own >= SPEAKS).sum()),
        "best_candidate": round(float(own.max(initial=0.0)), 3),
        "best_feature": round(float(delta_F.max()), 3),
        "full": None if whole is None else whole["balanced_accuracy"][0],
        "tfidf_full": None if whole is None else whole["tfidf"]["balanced_accuracy"][0],
    }


def latin_letters(texts: list[str]) -> float:
    """Share of the letters that are Latin; 0 without letters."""
    letters = "".join(char for text in texts for char in text if char.isalpha())
    kinds, counts = np.unique(list(letters), return_counts=True) if letters else (np.array([]), np.array([]))
    latin = [unicodedata.name(str(kind), "").startswith("LATIN") for kind in kinds]
    return float(counts[latin].sum() / max(counts.sum(), 1)) if letters else 0.0


def explain_transfer(lang: str, zero_shot: float, facts: dict[str, Any]) -> str:
    """The facts as sentences.

    Args:
        lang: The language's code.
        zero_shot: Balanced accuracy of the classifier without any label of the language.
        facts: Result of `transfer_facts`.
    """
    best, own = facts["best_candidate"], facts["best_feature"]
    sentences = [
        f"Without labels the rule {'carries over' if zero_shot >= CARRIES else 'does not carry over'} to {lang}: "
        f"balanced accuracy {zero_shot:.3f}, it flags {facts['rule_flags']:.1%} of the texts."
    ]
    if zero_shot < CARRIES:
        sentences.append(
            f"Its fit looked at {counted(facts['candidates'], 'feature')}; at least {SPEAKS:.0%} more often in "
            f"positive texts of {lang} fire: {facts['candidates_that_speak']} (the best {best:.0%} more often; the "
            f"best of all features {own:.0%})."
        )
        if facts["latin_letters"] < 0.5:
            sentences.append(
                f"Script: {1 - facts['latin_letters']:.0%} of its letters are not Latin, so word features of a "
                "Latin script find no words."
            )
    full, words = facts["full"], facts["tfidf_full"]
    if full is not None and words is not None:
        if words < HARD_FOR_WORDS:
            sentences.append(
                f"The labels themselves are hard to tell: with all of them TF-IDF reaches {words:.3f}, "
                f"this scope {full:.3f} (another construct, or noise)."
            )
        elif words - full > CLEARLY:
            sentences.append(
                f"The scope's own weakness: with all labels it reaches {full:.3f} where TF-IDF reaches {words:.3f}."
            )
        else:
            sentences.append(f"With all labels the scope reaches {full:.3f}, TF-IDF {words:.3f}.")
    if facts["routed"] < 0.9:
        sentences.append(
            f"The language verdict recognises only {facts['routed']:.0%} of its texts; the others get the default rule."
        )
    return " ".join(sentences)
