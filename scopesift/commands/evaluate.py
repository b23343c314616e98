"""`scopesift evaluate`: a classifier measured on labelled text, with the baselines beside it."""

from __future__ import annotations

import json as json_text
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Table
from scopesift_classifiers.assessment import assess
from scopesift_classifiers.classifier import Classifier
from scopesift_classifiers.report import write_report
from scopesift_features.scope import Scope

from scopesift.commands.choices import BalanceOption, DeviceOption, LabelColumn, TextColumn, read_rows
from scopesift.commands.terminal import output, reading, say

BINARY_COLUMNS = ("n", "f1", "precision", "recall", "balanced_accuracy", "macro_f1")
MANY_COLUMNS = ("n", "accuracy", "balanced_accuracy", "macro_f1")


def evaluate(
    classifier: Annotated[str, typer.Argument(help="Bundled name or artifact file.")],
    data: Annotated[
        Path, typer.Argument(help="JSONL, CSV or Parquet (.gz, .zst) with text, label[, lang, source].")
    ],
    fit_data: Annotated[Path | None, typer.Option(help="Rows to fit the baselines on.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write a page with the same numbers here.")] = None,
    scope: Annotated[
        str | None, typer.Option(help="Scope folder, if the classifier's is not known by name.")
    ] = None,
    balance: BalanceOption = None,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "label",
    device: DeviceOption = None,
) -> None:
    """Measure a classifier; of files with a `split` column, DATA's test rows and --fit-data's train rows are used.

    Example: `scopesift evaluate toxicity en.jsonl.gz --fit-data en.jsonl.gz --balance 500 --report out.html`
    """
    artifact = Classifier.load(classifier)
    columns = {"text": text_column, "label": label_column}
    rows = read_rows(data, **columns, split="test", balance=balance)
    fit_rows = None
    if fit_data is not None:
        fit_rows = read_rows(fit_data, **columns, split="train", balance=balance and 4 * balance)
    say(f"{len(rows)} rows to measure on" + (f", {len(fit_rows)} for the baselines" if fit_rows else ""))
    place = Scope.load(scope or artifact.scope["id"], device=device)
    with reading("reading") as progress:
        measured = assess(artifact, place, rows, fit_data=fit_rows, on_progress=progress)
    if report is not None:
        write_report(report, artifact, measured, data.name)
        say(f"wrote {report}")
    if json:
        sys.stdout.write(json_text.dumps(measured, ensure_ascii=False) + "\n")
    else:
        for table in tables(artifact, measured):
            output.print(table)


def tables(classifier: Classifier, measured: dict[str, Any]) -> list[Table]:
    """The report as tables: in all and beside the baselines, per source, per language."""
    columns = BINARY_COLUMNS if "f1" in measured else MANY_COLUMNS
    whole = Table(box=box.SIMPLE_HEAD, title=f"{classifier.name} {classifier.version}", title_justify="left")
    whole.add_column("")
    for column in columns:
        whole.add_column(column, justify="right")
    whole.add_row("scopesift", *_cells(measured, columns), style="bold")
    for name, baseline in measured["baselines"].items():
        if isinstance(baseline, dict):
            whole.add_row(name, *_cells(baseline, columns))
    found = [whole]
    for group in ("by_source", "by_lang"):
        if len(measured[group]) > 1:
            table = Table(box=box.SIMPLE_HEAD, title=group, title_justify="left")
            table.add_column("")
            for column in columns:
                table.add_column(column, justify="right")
            for name, part in measured[group].items():
                table.add_row(str(name), *_cells(part, columns))
            found.append(table)
    if measured["baselines"]["reason"]:
        say(f"baselines: {measured['baselines']['reason']}")
    return found


def _cells(part: dict[str, Any], columns: tuple[str, ...]) -> list[str]:
    values = [part.get(column) for column in columns]
    return [
        "–" if value is None else str(value) if isinstance(value, int) else f"{value:.3f}" for value in values
    ]
