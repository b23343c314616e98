"""The sections about use: known limits, guidance and links."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_classifiers.measuring.evaluation import UNKNOWN as NOT_STATED
from scopesift_classifiers.model_cards.benchmarks import GROUPS, NOT_MEASURED
from scopesift_classifiers.model_cards.card import UNKNOWN, Fact, Section, known, rate, written
from scopesift_classifiers.model_cards.training import moved_without_labels
from scopesift_classifiers.pages.report_words import FEW


def limits(classifier: Classifier) -> Section:
    """What is known to be weak, and what is not known."""
    quality = classifier.quality
    measured = measured_languages(quality)
    facts = [Fact("Languages with measured quality", written(measured) if measured else UNKNOWN)]
    unmeasured = sorted(classifier.by_lang.keys() - set(measured))
    if unmeasured:
        facts.append(
            Fact("Languages with a decision of their own, but no measurement", ", ".join(unmeasured))
        )
    unlabelled = moved_without_labels(classifier)
    if unlabelled:
        facts.append(
            Fact(
                "Cuts that no label has confirmed",
                f"{', '.join(unlabelled)}: the share of positives among the unlabelled texts was assumed",
            )
        )
    facts += _weakest(quality)
    few = [f"{name} ({part['n']})" for name, part in _everywhere(quality) if 0 < part.get("n", 0) < FEW]
    if few:
        facts.append(Fact(f"Measured on fewer than {FEW} texts", "; ".join(few)))
    for reason, names in _no_calibration_error(quality).items():
        facts.append(Fact(f"No calibration error ({reason})", "; ".join(names)))
    notes = {data: own["note"] for data, own in quality.items() if own.get("note")}
    facts += [Fact(f"Note on {data}", str(note)) for data, note in notes.items()]
    if not quality:
        facts.append(Fact("Measured quality", NOT_MEASURED))
    facts += [
        Fact("Groups of people, dialects and topics beyond the tables above", UNKNOWN),
        Fact(
            "Texts of other kinds than those of the fit",
            "unknown; scopesift evaluate measures drift without labels",
        ),
    ]
    return Section("biasAndLimitations", "Bias and limitations", tuple(facts))


def guidance(classifier: Classifier) -> Section:
    """How to use the classifier."""
    prior = classifier.default.calibration.prior
    required = "--false-positive-rate 0.05" if classifier.kind == BINARY else "--precision 0.9"
    facts = [
        Fact(
            "Needs",
            f"the scope {known(classifier.scope.get('id'))} with the sha256 above; any other is refused",
        ),
        Fact("Classify", "scopesift classify TEXT --classifier NAME_OR_FILE, or scopesift serve over REST"),
        Fact("Measure on texts of your own", "scopesift evaluate NAME_OR_FILE ROWS --report report.html"),
        Fact("Move the cuts", f"scopesift recut NAME_OR_FILE --data ROWS {required}"),
    ]
    if classifier.kind == BINARY:
        facts.append(
            Fact(
                "Scores",
                f"probabilities of {classifier.labels[0]} where a share of {written(prior)} of the texts is; "
                "where fewer are, scores are too high",
            )
        )
    if classifier.by_lang:
        facts.append(
            Fact(
                "Choice of a decision",
                f"a language's own if the language classifier's score is at least "
                f"{written(classifier.route_confidence)}, else the default one",
            )
        )
    facts.append(Fact("Intended use and licence", UNKNOWN))
    return Section("implementationGuidance", "Implementation guidance", tuple(facts))


def links(classifier: Classifier) -> Section:
    """Names of what the classifier is built on."""
    facts = (
        Fact("Backbone's name", known(classifier.scope.get("backbone"))),
        Fact("SAE's name", known(classifier.scope.get("sae"))),
        Fact("Addresses", UNKNOWN),
    )
    return Section("relevantLinks", "Relevant links", facts)


def measured_languages(quality: Mapping[str, Any]) -> list[str]:
    """Languages that any measurement is split by, sorted."""
    return sorted(
        {lang for own in quality.values() for lang in own.get("by_lang") or {} if lang != NOT_STATED}
    )


def _no_calibration_error(quality: Mapping[str, Any]) -> dict[str, list[str]]:
    """Data without a calibration error by the reason, which ends before the number of texts."""
    found: dict[str, list[str]] = {}
    for data, own in quality.items():
        if own.get("ece_reason"):
            found.setdefault(own["ece_reason"].partition(", got")[0], []).append(data)
    return found


def _everywhere(quality: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every measurement, and its parts if there are several."""
    for data, own in quality.items():
        yield data, own
        for key in GROUPS:
            parts = own.get(key) or {}
            if len(parts) > 1:
                yield from ((f"{data}, {name}", part) for name, part in parts.items())


def _weakest(quality: Mapping[str, Any]) -> Iterator[Fact]:
    """Of each measurement the language and the source with the lowest accuracy, beside the best one."""
    for data, own in quality.items():
        for key, kind in GROUPS.items():
            parts = {
                name: part for name, part in (own.get(key) or {}).items() if part.get("accuracy") is not None
            }
            if len(parts) < 2:
                continue
            low, high = (pick(parts, key=lambda name: parts[name]["accuracy"]) for pick in (min, max))
            yield Fact(
                f"Range by {kind} ({data})",
                f"accuracy {rate(parts[low], 'accuracy')} on {low} to {rate(parts[high], 'accuracy')} on {high}",
            )
