"""`scopesift evaluate`: a classifier measured on labelled text, or its drift on text without labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.judging.routing import unrouted
from scopesift_classifiers.labelled_rows.label_value import label_text
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.labelled_rows.sampling import read_balanced
from scopesift_classifiers.labelled_rows.splits import TEST, TRAIN
from scopesift_classifiers.measuring.assessment import full_assessment
from scopesift_classifiers.measuring.expected_labels import with_positive
from scopesift_classifiers.measuring.unlabelled import UnlabelledText, assess_unlabelled, read_unlabelled
from scopesift_classifiers.pages.report import write_drift_page, write_report
from scopesift_classifiers.pages.report_transfer import read_transfer
from scopesift_classifiers.pages.report_words import drift_words
from scopesift_classifiers.studies.refits import refit_curves
from scopesift_features.scope import Scope
from scopesift_files.counted import counted
from scopesift_files.errors import UsageError

from scopesift.commands.choices import (
    BalanceOption,
    DeviceOption,
    LabelColumn,
    OwnScopeOption,
    TextColumn,
    check_output,
    load_classifier,
)
from scopesift.terminal.evaluation import drift_tables, measured_tables
from scopesift.terminal.streams import output, print_json, reading, reading_then, say

LABEL = "label"


def evaluate(
    classifier: Annotated[str, typer.Argument(help="Bundled name or artifact file.")],
    data: Annotated[
        Path, typer.Argument(help="JSONL, CSV or Parquet (.gz, .zst) with text[, label, lang, source].")
    ],
    fit_data: Annotated[
        Path | None, typer.Option(help="Rows to fit the baselines on, and the curves of a report.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write an HTML report here; it contains texts of DATA as examples.")
    ] = None,
    transfer: Annotated[
        Path | None,
        typer.Option(help="JSON of `transfer --learning-curve` or `bench transfer` to show in the report."),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(help="Classifier that chooses a language's decision; default: the bundled one."),
    ] = None,
    positive: Annotated[
        str | None,
        typer.Option(
            help="The rows' name for the positive label of a two-label classifier; default: the same."
        ),
    ] = None,
    scope: OwnScopeOption = None,
    balance: BalanceOption = None,
    text_column: TextColumn = "text",
    label_column: LabelColumn = LABEL,
    device: DeviceOption = None,
) -> None:
    """Measure a classifier; of files with a `split` column, DATA's test rows and --fit-data's train rows are used.

    If DATA has no label column, the drift of its texts from those of the fit is measured instead.

    Example: `scopesift evaluate toxicity en.jsonl.gz --fit-data en.jsonl.gz --balance 500 --report out.html`

    Example: `scopesift evaluate toxicity comments.csv --label-column toxic --positive 1`

    Example: `scopesift evaluate toxicity new-comments.jsonl`
    """
    if transfer is not None and report is None:
        raise UsageError("--transfer is shown in a report; add --report out.html")
    check_output(report)
    artifact, place = load_classifier(classifier, scope, device)
    if language is not None and not unrouted([artifact]):
        raise UsageError(
            f"--language chooses between decisions of languages, {artifact.name!r} has none; leave it out"
        )
    router = Classifier.load(language, place.id) if language is not None else None
    if router is not None:
        router.check_scope(place)
    shown = read_transfer(transfer) if transfer is not None else None
    columns = {"text": text_column, "label": label_column}
    bare = None
    if label_column == LABEL:  # a missing column that was named explicitly is an error
        bare = read_unlabelled(data, text=text_column, label=label_column, split=TEST)
    fit_rows = None
    if fit_data is not None:
        fit_rows = read_balanced(fit_data, balance and 4 * balance, **columns, split=TRAIN)
    if bare is not None:
        _require_labels(data, {"--positive": positive, "--transfer": transfer})
        if fit_rows is None:
            _require_labels(data, {"--balance": balance})
        _drift(artifact, place, bare, fit_rows, router, json, report)
        return
    rows = read_balanced(data, balance, **columns, split=TEST)
    if positive is not None:
        positive = label_text(positive) or positive
        rows = with_positive(artifact, rows, positive)
        # the rows may use the classifier's name of it
        if fit_rows is not None and positive in fit_rows.labels:
            fit_rows = with_positive(artifact, fit_rows, positive)
    if fit_rows is not None:
        known = set(fit_rows.texts)
        shared = sum(text in known for text in rows.texts)
        if shared:
            say(f"warning: {shared} of the rows to measure on are also used to fit the baselines")
    say(
        f"{counted(len(rows), 'row')} to measure on"
        + (f", {len(fit_rows)} for the baselines" if fit_rows else "")
    )
    with reading("reading") as progress:
        found = full_assessment(
            artifact, place, rows, fit_data=fit_rows, language=router, on_progress=progress
        )
    if report is not None:
        refits = None
        if fit_rows is not None:
            with reading_then("reading for the curves", "fitting again") as (on_texts, on_fit):
                refits = refit_curves(
                    artifact, place, fit_rows, rows, cache=FeatureCache.default(), on_progress=on_texts, on_fit=on_fit
                )  # fmt: skip
        write_report(report, found, transfer=shown, refits=refits)
        say(f"wrote {report}; it shows texts of {data.name}")
    _show(found.measured, json, lambda: measured_tables(artifact, found.measured))
    reason = found.measured["baselines"]["reason"]
    if reason and not json:
        say(f"baselines: {reason}")


def _require_labels(data: Path, given: dict[str, Any]) -> None:
    """Check that no option is given that has no effect without labels.

    Raises:
        UsageError: One is given.
    """
    for option, value in given.items():
        if value is not None:
            raise UsageError(
                f"{data.name} has no label column, so {option} has no effect; leave it out, or name the column "
                "with --label-column"
            )


def _drift(
    artifact: Classifier,
    place: Scope,
    bare: UnlabelledText,
    fit_rows: LabelledText | None,
    router: Classifier | None,
    json: bool,
    report: Path | None,
) -> None:
    say(f"{counted(len(bare.texts), 'text')} without labels: measuring drift")
    with reading("reading") as progress:
        measured = assess_unlabelled(
            artifact, place, bare.texts, fit_data=fit_rows, language=router, on_progress=progress
        )
    if report is not None:
        write_drift_page(report, f"{artifact.name} {artifact.version}", bare.origin, measured)
        say(f"wrote {report}")
    _show(measured, json, lambda: drift_tables(artifact, measured))
    if not json:
        output.print(drift_words(measured["drift"]), highlight=False)


def _show(measured: dict[str, Any], json: bool, tables: Any) -> None:
    if json:
        print_json(measured)
        return
    for table in tables():
        output.print(table)
