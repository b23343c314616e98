"""The evaluation report: one HTML page for people without a machine-learning background."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from scopesift_files.counted import counted

from scopesift_classifiers.artifact.classifier import BINARY
from scopesift_classifiers.measuring.assessment import Assessment
from scopesift_classifiers.measuring.drift import LABELS, Drift
from scopesift_classifiers.measuring.unlabelled import drift_of, fit_reference
from scopesift_classifiers.pages.page import folded, html_table, section, write_page
from scopesift_classifiers.pages.report_cards import features_section
from scopesift_classifiers.pages.report_curve import curve_section
from scopesift_classifiers.pages.report_mistakes import confusion_section, mistakes_section
from scopesift_classifiers.pages.report_refits import refits_section
from scopesift_classifiers.pages.report_scores import calibration_section, cut_section
from scopesift_classifiers.pages.report_sections import (
    beside_baselines,
    by_group,
    fitted,
    labels_section,
    terms_section,
    tiles,
)
from scopesift_classifiers.pages.report_transfer import transfer_section
from scopesift_classifiers.pages.report_words import FEW, binary_lead, drift_words, many_lead, of_all

Section = tuple[str, str, str]


def write_report(
    path: Path,
    found: Assessment,
    *,
    transfer: dict[str, Any] | None = None,
    refits: dict[str, Any] | None = None,
) -> None:
    """Write the page.

    Args:
        path: The file, written atomically.
        found: Result of `assessment.full_assessment`.
        transfer: Result of `report_transfer.read_transfer`: the matrix and the learning curves.
        refits: Result of `refits.refit_curves`: quality by number of labels and of features.
    """
    classifier, data, measured = found.classifier, found.data, found.measured
    binary = classifier.kind == BINARY
    positive = classifier.labels[0]
    lead = (
        binary_lead(classifier.name, positive, measured, data.origin)
        if binary
        else many_lead(classifier.name, measured, data.origin)
    )
    sections: list[Section] = [
        ("baselines", "Beside ordinary classifiers", beside_baselines(classifier.name, measured))
    ]
    for key, title in (("by_lang", "By language"), ("by_source", "By source")):
        if len(measured[key]) > 1:
            sections.append((key, title, by_group(measured, key)))
    if not binary:
        sections.append(("labels", "Label by label", labels_section(measured)))
    sections.append(("confusion", "What was taken for what", confusion_section(found)))
    sections.append(("mistakes", "Mistakes", mistakes_section(found)))
    sections += _score_sections(found, positive if binary else None)
    if refits is not None:
        sections.append(("refits", "How many labels and features it takes", refits_section(refits)))
    if transfer is not None:
        sections.append(("transfer", "Other languages with few labels", transfer_section(transfer)))
    curve = curve_section(classifier)
    if curve is not None:
        sections.append(("curve", "How many features it has", curve))
    sections.append(("features", "What it looks at", features_section(found)))
    if "firing" in classifier.fit:
        drift = drift_of_assessed(found)
        sections.append(("drift", "Are these texts like those of the fit?", drift_section(drift.to_dict())))
    sections.append(("words", "Words on this page", terms_section()))
    links = "".join(f'<a href="#{place}">{escape(title)}</a>' for place, title, _ in sections)
    about = f"classifier {classifier.name}, version {classifier.version}, on scope {classifier.scope['id']}. "
    body = [
        f'<p class="dim">{escape(about)}{_seen(found)}</p><p class="lead">{escape(lead)}</p>{tiles(measured)}',
        f'<nav aria-label="Sections">{links}</nav>',
        *(section(*one) for one in sections),
    ]
    write_page(path, f"{classifier.name}, measured on {data.origin}", "".join(body))


def write_drift_page(path: Path, name: str, origin: str, measured: dict[str, Any]) -> None:
    """Write the page for texts without labels.

    Args:
        path: The file, written atomically.
        name: The classifier's name and version.
        origin: Name of the data.
        measured: Result of `unlabelled.assess_unlabelled`.
    """
    shares = html_table(
        ["called", "share of the texts"],
        [[label, _share(share, measured["n"])] for label, share in measured["verdicts"].items()],
        numbers_from=1,
    )
    body = (
        f'<p class="dim">classifier {escape(name)}; {counted(measured["n"], "text")} without labels</p>'
        f"{drift_section(measured['drift'])}{section('verdicts', 'What it called them', shares)}"
    )
    write_page(path, f"Drift in {origin}", body)


def drift_of_assessed(found: Assessment) -> Drift:
    """Drift of the assessed texts, from the reading for the cards."""
    column_of = {place: column for column, place in enumerate(found.classifier.features)}
    columns = [column_of[item.layer, item.index] for item in found.classifier.default.features]
    reference = fit_reference(found.classifier, found.scope)
    return drift_of(found.classifier, reference, found.reading.acts_NS[:, columns], found.sample.labels)


def drift_section(drift: dict[str, Any]) -> str:
    """The drift in words, and the features that changed."""
    rows = [
        [
            str(item["layer"]),
            str(item["feature"]),
            item["label"],
            f"{item['fit']:.1%}",
            _share(item["now"], drift["n"]),
            f"{item['expected']:.1%}",
            f"{item['divergence']:.4f}",
        ]
        for item in drift["moved"]
    ]
    header = [
        "layer",
        "feature",
        "strongest on",
        "fired in the fit",
        "fires here",
        "if only the mix changed",
        "distance",
    ]
    moved = (
        html_table(header, rows, numbers_from=3) if rows else "<p>No feature moved by more than chance.</p>"
    )
    return (
        f'<p class="lead">{escape(drift_words(drift))}</p>{_mix_table(drift)}'
        f"{folded('Features that moved', moved, opened=bool(rows))}"
        '<p class="dim">Distance: mean Jensen-Shannon divergence of how often each feature fires, in bits: 0 for the '
        "same rates, 1 for features that always fired and now never do. It needs no labels and says nothing of right "
        "or wrong: only whether the texts still look like the ones that the classifier was made on.</p>"
    )


def _mix_table(drift: dict[str, Any]) -> str:
    """The share of each label in the fit and here; empty if unknown here."""
    now = drift["mix_now"]
    if now is None:
        return ""
    source = "by their labels" if drift["mix_from"] == LABELS else "estimated from the features"
    rows = [
        [name, f"{share:.1%}", _share(now[name], drift["n"])] for name, share in drift["mix_at_fit"].items()
    ]
    return folded(
        "Mix of labels", html_table(["label", "in the fit", f"here ({source})"], rows, numbers_from=1)
    )


def _share(share: float, n: int) -> str:
    """A share of n texts for a table; counts for few texts."""
    return of_all(share, n) if n < FEW else f"{share:.1%}"


def _seen(found: Assessment) -> str:
    """Whether the texts are those of the fit, by the fingerprints of the files."""
    own = found.data.fingerprint()
    if own in [found.classifier.fit.get(part, {}).get("sha256") for part in ("train", "dev")]:
        return "<b>It was fitted on these very texts: the numbers flatter it.</b>"
    return "The numbers hold for texts that it was not fitted on: check that these are such."


def _score_sections(found: Assessment, positive: str | None) -> list[Section]:
    measured, data = found.measured, found.data
    if positive is None:
        right = [truth == given for truth, given in zip(data.labels, found.predicted, strict=True)]
        return [
            (
                "calibration",
                "Can the score be read as a probability?",
                calibration_section(measured, right, found.scores, "carry the label given"),
            )
        ]
    truth = [label == positive for label in data.labels]
    cut = cut_section(measured, truth, found.scores, fitted(measured), positive)
    return [
        ("cut", "Choosing a cut", cut),
        (
            "calibration",
            "Can the score be read as a probability?",
            calibration_section(measured, truth, found.scores, f"are {positive}"),
        ),
    ]
