"""The sections about data: what the classifier was fitted on, what its labels are, and who gave them."""

from __future__ import annotations

from typing import Any

from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_classifiers.model_cards.card import (
    NOT_RECORDED,
    NOTHING,
    UNKNOWN,
    Fact,
    Section,
    Table,
    data_set,
    known,
    written,
)

MOVED_CUT = "moved_cut"
"""A decision whose cut was moved to unlabelled texts: `transfer.unlabelled.MOVED_CUT`."""


def training_data(classifier: Classifier) -> Section:
    """Rows of the fit and of the decisions of single languages."""
    fit = classifier.fit
    left_out = fit.get("left_out", {})
    facts = [
        Fact("Train texts", data_set(fit.get("train"))),
        Fact("Train texts by label", known(fit.get("labels"))),
        Fact("Dev texts", data_set(fit.get("dev"))),
    ]
    if left_out:
        facts.append(
            Fact(
                "Train and dev texts by language",
                written({lang: part.get("rows") for lang, part in left_out.items()}),
            )
        )
    else:
        facts.append(Fact("Languages of the texts", UNKNOWN))
    facts += [
        Fact("Sources, licences and dates of the texts", UNKNOWN),
        Fact("Personal data in the texts", UNKNOWN),
        Fact("Training data of the backbone and the sparse autoencoders", UNKNOWN),
    ]
    if unrecorded := sorted(set(classifier.by_lang) - set(fit.get("by_lang", {}))):
        facts.append(Fact(f"Texts of the decisions of {', '.join(unrecorded)}", UNKNOWN))
    table = _languages(classifier)
    tables = (table,) if table.rows else ()
    return Section("trainingData", "Training data", tuple(facts), tables)


def taxonomy(classifier: Classifier) -> Section:
    """The labels."""
    labels = ", ".join(classifier.labels)
    if classifier.kind == BINARY:
        facts = [
            Fact("Task", f"two labels: {labels} from the cut on, {classifier.unknown} below"),
            Fact("Flagged", f"texts with the label {labels}"),
        ]
    else:
        facts = [
            Fact("Task", f"one of {len(classifier.labels)} labels for each text"),
            Fact("Labels", labels),
            Fact(
                "Label of other texts",
                f"{classifier.unknown}, if no label's score reaches its cut or no feature speaks for it",
            ),
        ]
    facts += [
        Fact("Definitions of the labels", UNKNOWN),
        Fact("Policy that the labels follow", UNKNOWN),
    ]
    return Section("policyAndTaxonomy", "Policy and taxonomy", tuple(facts))


def annotation(classifier: Classifier) -> Section:
    """How the labels were made."""
    unlabelled = moved_without_labels(classifier)
    facts = [
        Fact("Labels", "as stated in the rows of the fit; scopesift makes no labels of its own"),
        Fact("Who labelled, by which instructions", UNKNOWN),
        Fact("Agreement between annotators", UNKNOWN),
    ]
    if unlabelled:
        facts.append(Fact("Decisions made without any labels", ", ".join(unlabelled)))
    return Section("annotationMethodology", "Annotation methodology", tuple(facts))


def moved_without_labels(classifier: Classifier) -> list[str]:
    """Languages whose cut was moved to unlabelled texts."""
    entries = classifier.fit.get("by_lang", {})
    return [lang for lang in sorted(entries) if entries[lang].get("chosen") == MOVED_CUT]


def _languages(classifier: Classifier) -> Table:
    """The texts of every language's own decision, and how it was made from them."""
    entries = classifier.fit.get("by_lang", {})
    rows = []
    for lang in sorted(set(classifier.by_lang) & set(entries)):
        entry = entries[lang]
        texts = entry.get("train") or entry.get("unlabelled") or entry.get("cut") or {}
        rows.append(
            (
                lang,
                _cell(texts.get("rows")),
                written(entry["labels"]) if entry.get("labels") else _unlabelled(entry),
                _strategy(entry),
                _cell(texts.get("sha256")),
            )
        )
    header = ("language", "texts", "labels", "made by", "sha256 of the texts")
    return Table("Decisions of single languages", header, tuple(rows))


def _unlabelled(entry: dict[str, Any]) -> str:
    return "none" if entry.get("chosen") == MOVED_CUT else NOT_RECORDED


def _cell(value: Any) -> str:
    return NOT_RECORDED if value is None else written(value)


def _strategy(entry: dict[str, Any]) -> str:
    """How a language's decision was made, in words."""
    chosen = entry.get("chosen")
    if chosen == MOVED_CUT:
        whose = "stated" if entry.get("share_of") == "stated" else "that of the fit"
        return (
            f"the cut of the rule {entry.get('rule', NOTHING)} moved to flag a share of "
            f"{written(entry.get('positive_share'))} of unlabelled texts ({whose}); before it flagged "
            f"{written(entry.get('flagged_before'))}"
        )
    if chosen is None:
        return "a new cut on labelled texts" if entry.get("cut") else NOT_RECORDED
    says = {row.get("name"): row.get("says") for row in entry.get("strategies", [])}
    words = str(says.get(chosen) or chosen)
    return f"{words}; then a new cut" if entry.get("cut") else words
