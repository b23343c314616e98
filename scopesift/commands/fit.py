"""`scopesift fit`: labelled text in, classifier artifact out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Table
from scopesift_classifiers.classifier import Classifier
from scopesift_classifiers.fitting import FitSettings, fit_classifier
from scopesift_classifiers.sampling import split_dev
from scopesift_features.errors import InputError
from scopesift_features.scope import Scope

from scopesift.commands.choices import (
    BalanceOption,
    DeviceOption,
    LabelColumn,
    ScopeOption,
    TextColumn,
    read_rows,
)
from scopesift.commands.terminal import messages, reading, say
from scopesift.face import DEV_SHARE


def fit(
    name: Annotated[str, typer.Argument(help="What the classifier is called, e.g. toxicity.")],
    train: Annotated[
        Path, typer.Option(help="JSONL, CSV or Parquet (.gz, .zst) with text, label[, lang, source].")
    ],
    dev: Annotated[Path | None, typer.Option(help="Rows that decide how many features are kept.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where the artifact goes; default NAME.json.")] = None,
    scope: ScopeOption = "nano",
    preset: Annotated[
        str, typer.Option(help="greedy, or paper (the Qwen-Scope report's recipe).")
    ] = "greedy",
    positive: Annotated[str, typer.Option(help="Label that a two-label classifier looks for.")] = "toxic",
    unknown: Annotated[
        str, typer.Option(help="What a many-label classifier says when nothing speaks.")
    ] = "other",
    max_layer: Annotated[
        int | None, typer.Option(min=0, help="Deepest layer to read: speed against quality.")
    ] = None,
    balance: BalanceOption = None,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "label",
    device: DeviceOption = None,
) -> None:
    """Fit a classifier by counting which features fire: two labels make a rule, more make log-odds.

    Of a file with a `split` column only the rows marked train are fitted on, and those marked dev decide, unless
    --dev names another file; rows marked test are never looked at. Without any dev rows a fifth is set aside.

    Example: `scopesift fit toxicity --train en.jsonl.gz --balance 2000 --out toxicity.json`
    """
    settings = FitSettings(preset=preset, positive=positive, unknown=unknown, max_layer=max_layer)
    columns = {"text": text_column, "label": label_column}
    rows = read_rows(train, **columns, split="train", balance=balance)
    place = dev or train
    try:
        held_out = read_rows(place, **columns, split="dev", balance=balance)
    except InputError:
        if dev is not None:
            raise
        held_out = rows
    if dev is None and (len(held_out) == 0 or held_out.fingerprint() == rows.fingerprint()):
        fit_index, dev_index = split_dev(rows, DEV_SHARE)
        rows, held_out = rows.select(fit_index), rows.select(dev_index)
    say(f"{len(rows)} rows to fit on, {len(held_out)} to decide with")
    target = out or Path(f"{name}.json")
    loaded = Scope.load(scope, device=device)
    with reading("reading") as progress:
        classifier = fit_classifier(name, loaded, rows, held_out, settings, on_progress=progress, say=say)
    classifier.save(target)
    messages.print(feature_table(classifier))
    say(f"wrote {target} (version {classifier.version}); measure it with `scopesift evaluate {target} DATA`")


def feature_table(classifier: Classifier) -> Table:
    """The features that a fit chose, as a table; of many-class fits only how many."""
    decision = classifier.default
    combine = {label: rule.m for label, rule in decision.rules.items()} if len(decision.rules) == 1 else {}
    title = "; ".join(f"{label} when at least {m} of these fire" for label, m in combine.items())
    if not combine:
        title = f"{len(decision.features)} features speak for {len(decision.rules)} labels; the first ones:"
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold")
    for column, justify in (
        ("layer", "right"),
        ("feature", "right"),
        ("threshold", "right"),
        ("strongest on", "left"),
    ):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    for item in decision.features[:16]:
        table.add_row(str(item.layer), str(item.index), f"{item.threshold:g}", item.label)
    return table
