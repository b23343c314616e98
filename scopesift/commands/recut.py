"""`scopesift recut`: moves a classifier's cuts to a required precision, recall or false-positive rate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from scopesift_classifiers.artifact.classifier import DEFAULT
from scopesift_classifiers.labelled_rows.label_value import label_text
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.labelled_rows.sampling import read_balanced
from scopesift_classifiers.labelled_rows.splits import DEV
from scopesift_classifiers.measuring.cuts import FALSE_POSITIVE_RATE, RATES, Requirement, one_requirement
from scopesift_classifiers.measuring.expected_labels import with_positive
from scopesift_classifiers.transfer.recut import Recut
from scopesift_classifiers.transfer.recut import recut as move_cuts
from scopesift_files.counted import counted
from scopesift_files.errors import InputError, UsageError

from scopesift.commands.choices import (
    BalanceOption,
    DeviceOption,
    FalsePositiveRateOption,
    LabelColumn,
    OwnScopeOption,
    PrecisionOption,
    RecallOption,
    TextColumn,
    check_output,
    load_classifier,
    warn_of_languages,
)
from scopesift.terminal.streams import output, print_json, reading, say
from scopesift.terminal.tables import Column, FittedTable, decimals, interval, numbers

EVERY = "every"


def recut(
    classifier: Annotated[str, typer.Argument(help="Bundled name or artifact file.")],
    data: Annotated[
        Path,
        typer.Option(
            help="Labelled rows it was not fitted on: JSONL, CSV or Parquet with text, label[, lang]."
        ),
    ],
    precision: PrecisionOption = None,
    recall: RecallOption = None,
    false_positive_rate: FalsePositiveRateOption = None,
    lang: Annotated[
        list[str] | None,
        typer.Option(
            help="Language to cut on its own rows; may be repeated; every: all in DATA. Default: the default decision."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File of the new artifact; default NAME.recut.json.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of the table.")] = False,
    positive: Annotated[
        str | None,
        typer.Option(
            help="The rows' name for the positive label of a two-label classifier; default: the same."
        ),
    ] = None,
    scope: OwnScopeOption = None,
    balance: BalanceOption = None,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "label",
    device: DeviceOption = None,
) -> None:
    """Move the cuts of a classifier, so that a flag means the same in every language; rules and scores stay.

    Each cut is chosen on the given rows, and stored with what was required, its rates there and their intervals. If the
    rows are too few to show the required rate, a language keeps its cut. Of a file with a `split` column only the dev
    rows are used; measure the result on test rows with `evaluate`.

    Example: `scopesift recut toxicity --data comments.jsonl --false-positive-rate 0.05 --lang every --out strict.json`
    """
    check_output(out)
    required = one_requirement(precision, recall, false_positive_rate)
    if required is None:
        raise UsageError("say what the cut shall have: --precision, --recall or --false-positive-rate")
    artifact, place = load_classifier(classifier, scope, device)
    rows = read_balanced(data, balance, text=text_column, label=label_column, split=DEV)
    if positive is not None:
        rows = with_positive(artifact, rows, label_text(positive) or positive)
    if rows.fingerprint() == artifact.fit.get("train", {}).get("sha256"):
        raise InputError(
            f"{rows.origin} holds the rows that {artifact.name!r} was fitted on, where it errs less than elsewhere; "
            "give other rows"
        )
    langs = _languages(rows, lang or [])
    say(f"{counted(len(rows), 'row')} to choose on")
    with reading("reading") as progress:
        done = move_cuts(artifact, place, rows, required, langs, on_progress=progress)
    target = out or Path(f"{artifact.name}.recut.json")
    done.classifier.save(target)
    if json:
        print_json(
            {"asked": {required.rate: required.value}, "cuts": done.cuts, "refused": done.refused}
            | {"out": str(target), "version": done.classifier.version}
        )
    else:
        output.print(cut_table(done, required))
    for name, reason in done.refused.items():
        say(f"{name} keeps its cut: {reason}")
    warn_of_languages(done.classifier, [name for name in done.cuts if name != DEFAULT])
    say(
        f"wrote {target} (version {done.classifier.version}); measure it on other rows with "
        f"`scopesift evaluate {target} DATA`"
    )


def cut_table(done: Recut, required: Requirement) -> FittedTable:
    """Every cut before and after, and its rates on the rows that it was chosen on."""
    rates = {rate: rate for rate in RATES} | {FALSE_POSITIVE_RATE: "FPR"}
    table = FittedTable(
        [
            Column(""),
            *numbers("rows", "cut", "new cut"),
            Column("95%", right=True, drop=1),
            *numbers(*rates.values()),
            Column("95%", right=True, drop=2),
        ],
        title=f"{done.classifier.name}: cuts for {required.describe()}, with their rates on these rows",
        note=f"95%: the intervals of the new cut and of the {rates[required.rate]}.",
    )
    for name, cut in done.cuts.items():
        table.add_row(
            name,
            str(cut["rows"]),
            decimals(cut["before"]),
            decimals(cut["after"]),
            interval(cut["cut_interval"]),
            *(decimals(cut[rate]) for rate in rates),
            interval(cut["intervals"][required.rate]),
        )
    return table


def _languages(rows: LabelledText, asked: list[str]) -> list[str]:
    """The languages to cut; `EVERY` stands for all that the rows state.

    Raises:
        UsageError: `EVERY` beside others.
        InputError: `EVERY`, but no row states its language.
    """
    if EVERY not in asked:
        return list(dict.fromkeys(asked))
    if len(asked) > 1:
        raise UsageError(f"--lang {EVERY} has all languages already; leave the others out")
    stated = sorted({code for code in rows.langs if code})
    if not stated:
        raise InputError(f"{rows.origin}: expected rows with a language in 'lang', got none; add the column")
    return stated
