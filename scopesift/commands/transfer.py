"""`scopesift transfer`: adds a language to a classifier from a few labelled examples."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.judging.routing import bundled_language
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.labelled_rows.sampling import read_balanced
from scopesift_classifiers.labelled_rows.splits import TEST, TRAIN
from scopesift_classifiers.measuring.cuts import RATES, Requirement, one_requirement
from scopesift_classifiers.studies.transfer_matrix import transfer_matrix
from scopesift_classifiers.transfer.transfer import Transfer, TransferSettings
from scopesift_classifiers.transfer.transfer import transfer as add_language
from scopesift_features.scope import Scope
from scopesift_files.counted import counted
from scopesift_files.errors import UsageError

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
from scopesift.commands.transfer_unlabelled import check_options, move
from scopesift.terminal.streams import output, print_json, reading, reading_then, say
from scopesift.terminal.tables import Column, FittedTable, decimals, numbers


def transfer(
    classifier: Annotated[str, typer.Argument(help="Bundled name or artifact file.")],
    lang: Annotated[str, typer.Option(help="Code of the language, e.g. de.")],
    train: Annotated[
        Path | None,
        typer.Option(help="A few examples of the language: JSONL, CSV or Parquet with text, label."),
    ] = None,
    unlabelled: Annotated[
        Path | None,
        typer.Option(help="Instead of examples: texts of the language without labels; only the cut moves."),
    ] = None,
    positive_share: Annotated[
        float | None,
        typer.Option(
            help="With --unlabelled: share of the texts to flag; default the share of positive rows in the fit."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File of the new artifact; default NAME.LANG.json.")
    ] = None,
    learning_curve: Annotated[
        bool,
        typer.Option(
            "--learning-curve",
            help="Write no artifact; measure 1%, 5%, 10%, 25% and 100% of the train rows on the test rows.",
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of the table.")] = False,
    max_layer: Annotated[
        int | None, typer.Option(min=0, help="Deepest layer to read: speed against quality.")
    ] = None,
    precision: PrecisionOption = None,
    recall: RecallOption = None,
    false_positive_rate: FalsePositiveRateOption = None,
    scope: OwnScopeOption = None,
    balance: BalanceOption = None,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "label",
    device: DeviceOption = None,
) -> None:
    """Add a language to a classifier from a few labelled examples, or from texts without labels.

    With examples each strategy's cross-validated number is shown. Without labels the cut moves to where the stated
    share of the texts lies above it.

    Texts that the language classifier assigns to that language then use the new decision. Of a file with a `split`
    column only the train rows are used.

    Example: `scopesift transfer toxicity --train german.jsonl --lang de --out toxicity.de.json`

    Example: `scopesift transfer toxicity --unlabelled posts.jsonl --positive-share 0.1 --lang de`
    """
    required = one_requirement(precision, recall, false_positive_rate)
    path = check_options(train, unlabelled, positive_share, learning_curve, balance, max_layer, required)
    if learning_curve and out is not None:
        raise UsageError(
            "--learning-curve writes no artifact; leave out --out, or leave out --learning-curve"
        )
    check_output(out)
    if required is not None and learning_curve:
        raise UsageError("--learning-curve measures without a cut of yours; leave out the required rate")
    artifact, place = load_classifier(classifier, scope, device)
    target = out or Path(f"{artifact.name}.{lang}.json")
    columns = {"text": text_column, "label": label_column}
    if train is None:
        made = move(artifact, place, lang, path, positive_share, columns, target, json)
        _say_written(made, lang, target)
        return
    few = read_balanced(path, balance, **columns, split=TRAIN)
    settings = TransferSettings(max_layer=max_layer, required=required)
    if learning_curve:
        test = read_balanced(path, balance, **columns, split=TEST)
        _measure(artifact, place, lang, few, test, settings, json)
        return
    say(f"{counted(len(few), 'example')} of {lang}")
    with reading_then("reading", "trying strategies") as (on_texts, on_strategy):
        done = add_language(
            artifact, place, few, lang, settings=settings, cache=FeatureCache.default(),
            on_progress=on_texts, on_strategy=on_strategy,
        )  # fmt: skip
    done.classifier.save(target)
    if json:
        print_json(
            {"lang": lang, "chosen": done.chosen, "strategies": done.strategies, "replaced": done.replaced}
            | {
                "cut": done.cut,
                "warning": done.warning,
                "out": str(target),
                "version": done.classifier.version,
            }
        )
    else:
        output.print(strategy_table(done, lang))
    say(f"chosen: {done.chosen}")
    if done.cut is not None:
        rates = ", ".join(f"{Requirement(rate, 0.5).name} {done.cut[rate]:.3f}" for rate in RATES)
        say(f"cut at score {done.classifier.by_lang[lang].cut:.3f}; on the examples, held out: {rates}")
    if done.warning:
        say(f"warning: {done.warning}")
    _say_written(done.classifier, lang, target)


def _say_written(made: Classifier, lang: str, target: Path) -> None:
    """Say where the artifact is, and whether texts will find their way to the language's decision."""
    warn_of_languages(made, [lang])
    say(f"wrote {target} (version {made.version}); measure it with `scopesift evaluate {target} DATA`")


def strategy_table(done: Transfer, lang: str) -> FittedTable:
    """All strategies with their cross-validated numbers; the chosen one is bold."""
    table = FittedTable(
        [
            Column("strategy"),
            Column("", least=20, drop=1),
            *numbers("macro-F1", "±"),
            Column("balanced accuracy", right=True, drop=2),
            Column("features", right=True, drop=3),
        ],
        title=f"{done.classifier.name} in {lang}: cross-validated on the examples",
    )
    for row in done.strategies:
        table.add_row(
            row["name"],
            row["says"],
            *_measured(row),
            style="bold" if row["name"] == done.chosen else "",
        )
    old = done.replaced
    if old is not None:
        seen = ", made from these examples" if old["fitted_on_these"] else ""
        table.add_row(
            f"in use: {old['rule']}",
            f"the decision that is replaced{seen}",
            *_measured(old),
            style="dim",
        )
    return table


def _measured(row: dict[str, Any]) -> list[str]:
    rates = [decimals(row[name]) for name in ("macro_f1", "spread", "balanced_accuracy")]
    return [*rates, f"{row['features']:,}"]


def _measure(
    artifact: Classifier,
    place: Scope,
    lang: str,
    train: LabelledText,
    test: LabelledText,
    settings: TransferSettings,
    json: bool,
) -> None:
    if train.fingerprint() == test.fingerprint():
        raise UsageError(
            "--learning-curve needs a file with a split column: it draws from train rows and "
            "measures on test rows"
        )
    language = bundled_language(artifact)
    if language is None:
        say(
            f"no bundled language classifier reads what {artifact.name} reads: every text is taken to be in {lang}"
        )
    with reading("reading") as progress:
        measured = transfer_matrix(
            artifact,
            language,
            place,
            {lang: (train, test)},
            settings=settings,
            cache=FeatureCache.default(),
            on_progress=progress,
            say=say,
        )
    if json:
        print_json(measured)
    else:
        output.print(curve_table(measured, lang))
        output.print(measured["why"][lang], highlight=False)


def curve_table(measured: dict[str, Any], lang: str) -> FittedTable:
    """The learning curve of one language: mean and spread over the draws, and TF-IDF on the same rows."""
    rows, few = measured["train_rows"][lang], measured["few"][lang]
    title = f"balanced accuracy on {measured['test_rows'][lang]} test rows of {lang}, of {counted(rows, 'train row')}"
    names = ("labels", "rows", "transfer", "±", "TF-IDF", "±")
    table = FittedTable([*numbers(*names), Column("chosen", least=14)], title=title)
    zero = measured["zero_shot"][lang]["balanced_accuracy"]
    table.add_row("none", "0", decimals(zero), "", "", "", "")
    for share, point in few.items():
        own, words = point["balanced_accuracy"], point["tfidf"]["balanced_accuracy"]
        table.add_row(
            f"{float(share):.0%}",
            str(point["rows"]),
            *map(decimals, (*_mean_and_spread(own), *_mean_and_spread(words))),
            ", ".join(sorted(set(point["chosen"]))),
        )
    return table


def _mean_and_spread(values: list[float]) -> tuple[float, float]:
    mean = sum(values) / len(values)
    return mean, (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5
