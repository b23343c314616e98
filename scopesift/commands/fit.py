"""`scopesift fit`: labelled text in, classifier artifact out."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Table
from scopesift_classifiers.classifier import Classifier
from scopesift_classifiers.feature_cache import FeatureCache
from scopesift_classifiers.fit_settings import FitSettings
from scopesift_classifiers.fitting import fit_tables, open_table, require_rows
from scopesift_classifiers.greedy import GreedySettings
from scopesift_classifiers.labelled_text import LabelledText
from scopesift_classifiers.objective import F_BETA, MACRO_F1, RECALL, Objective
from scopesift_classifiers.sampling import split_dev
from scopesift_features.catalogue import DEFAULT_SCOPE
from scopesift_features.errors import InputError, UsageError
from scopesift_features.scope import Scope

from scopesift.commands.choices import (
    BalanceOption,
    DeviceOption,
    LabelColumn,
    ScopeOption,
    TextColumn,
    check_output,
    read_rows,
)
from scopesift.commands.terminal import messages, reading, say
from scopesift.face import DEV_SHARE

SHOWN_FEATURES = 16


def fit(
    name: Annotated[str, typer.Argument(help="What the classifier is called, e.g. toxicity.")],
    train: Annotated[
        Path, typer.Option(help="JSONL, CSV or Parquet (.gz, .zst) with text, label[, lang, source].")
    ],
    dev: Annotated[
        Path | None, typer.Option(help="Rows that decide how many features are kept, and the cut.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where the artifact goes; default NAME.json.")] = None,
    scope: ScopeOption = DEFAULT_SCOPE,
    preset: Annotated[
        str,
        typer.Option(help="greedy; or the Qwen-Scope report's recipe: paper (one layer), paper-multilayer."),
    ] = "greedy",
    positive: Annotated[str, typer.Option(help="Label that a two-label classifier looks for.")] = "toxic",
    unknown: Annotated[
        str, typer.Option(help="What a many-label classifier says when nothing speaks.")
    ] = "other",
    objective: Annotated[
        str, typer.Option(help="What two labels maximise: macro_f1, f1, f_beta, recall_at_precision.")
    ] = MACRO_F1,
    beta: Annotated[
        float | None, typer.Option(help="For f_beta: how many times recall weighs as much as precision.")
    ] = None,
    precision: Annotated[
        float | None, typer.Option(help="Precision that the stored cut must have on the dev rows.")
    ] = None,
    recall: Annotated[
        float | None, typer.Option(help="Recall that the stored cut must have on the dev rows.")
    ] = None,
    at_least: Annotated[
        str, typer.Option(help="Greedy: how many features must fire; numbers to try, e.g. 1 or 1,2,3.")
    ] = ",".join(map(str, GreedySettings().at_least)),
    max_features: Annotated[
        int, typer.Option(min=1, help="Greedy: most features of a rule.")
    ] = GreedySettings().max_features,
    max_layer: Annotated[
        int | None, typer.Option(min=0, help="Deepest layer to read: speed against quality.")
    ] = None,
    balance: BalanceOption = None,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "label",
    no_cache: Annotated[
        bool,
        typer.Option("--no-cache", help="Read every text again and keep nothing; see docs/fitting.md."),
    ] = False,
    device: DeviceOption = None,
) -> None:
    """Fit a classifier by counting which features fire: two labels make a rule, more make log-odds.

    Of a file with a `split` column only the rows marked train are fitted on, and those marked dev decide, unless
    --dev names another file; rows marked test are never looked at. Without any dev rows a fifth is set aside.

    Example: `scopesift fit toxicity --train en.jsonl.gz --balance 2000 --out toxicity.json`

    Example: `scopesift fit strict --train en.jsonl.gz --objective recall_at_precision --precision 0.95`
    """
    check_output(out)
    settings = FitSettings(
        preset=preset,
        positive=positive,
        unknown=unknown,
        max_layer=max_layer,
        objective=_objective(objective, beta, precision),
        precision=precision,
        recall=recall,
        greedy=GreedySettings(max_features=max_features, at_least=_numbers(at_least)),
    )
    columns = {"text": text_column, "label": label_column}
    rows, held_out = _split_rows(train, dev, columns, balance)
    say(f"{len(rows)} rows to fit on, {len(held_out)} to decide with")
    require_rows(rows, held_out)
    target = out or Path(f"{name}.json")
    loaded = Scope.load(scope, device=device)
    cache = None if no_cache else FeatureCache.default()
    began = time.perf_counter()
    with reading("reading") as progress:
        table = open_table(
            loaded, [*rows.texts, *held_out.texts], max_layer=max_layer, cache=cache, on_progress=progress
        )
    read = time.perf_counter()
    classifier = fit_tables(name, loaded, table, rows, held_out, settings, say=say)
    classifier.save(target)
    messages.print(feature_table(classifier))
    for line in summary(classifier, loaded):
        say(line)
    say(f"read in {read - began:.1f} s, fitted in {time.perf_counter() - read:.1f} s")
    say(f"wrote {target} (version {classifier.version}); measure it with `scopesift evaluate {target} DATA`")


def _split_rows(
    train: Path, dev: Path | None, columns: dict[str, str], balance: int | None
) -> tuple[LabelledText, LabelledText]:
    """Rows to fit on and rows to decide with."""
    rows = read_rows(train, text=columns["text"], label=columns["label"], split="train", balance=balance)
    if dev is not None:
        return rows, read_rows(
            dev, text=columns["text"], label=columns["label"], split="dev", balance=balance
        )
    try:
        held_out = read_rows(
            train, text=columns["text"], label=columns["label"], split="dev", balance=balance
        )
    except InputError:
        held_out = rows
    if len(held_out) == 0 or held_out.fingerprint() == rows.fingerprint():
        fit_index, dev_index = split_dev(rows, DEV_SHARE)
        return rows.select(fit_index), rows.select(dev_index)
    return rows, held_out


def _objective(name: str, beta: float | None, precision: float | None) -> Objective:
    if name == F_BETA and beta is None:
        raise UsageError(f"the objective {F_BETA} needs --beta; 0.5 prefers precision, 2 recall")
    if name == RECALL:
        return replace(Objective(name, precision=precision), beta=beta or 1.0)
    return Objective(name, beta=1.0 if beta is None else beta)


def _numbers(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise UsageError(f"--at-least takes whole numbers above 0 such as 1 or 1,2,3, got {text!r}")
    return tuple(sorted({int(part) for part in parts}))


def summary(classifier: Classifier, scope: Scope) -> list[str]:
    """How deep the classifier reads, what it reached on dev, and where it cuts."""
    deepest, cut = classifier.deepest_layer, classifier.fit["cut"]
    lines = [
        f"reads {len(classifier.features)} features up to layer {deepest}: "
        f"{deepest + 1} of {scope.n_layers} blocks are run (--max-layer N for fewer)"
    ]
    asked = ", ".join(f"{name} {value:g}" for name, value in cut["asked"].items())
    because = f" for {asked}" if asked else ", where the rule fires"
    if "dev_answered" in cut:
        lines.append(
            f"cut at score {classifier.default.cut:.3f}{because} on dev: {cut['dev_answered']:.1%} answered, "
            f"{cut['dev_precision']:.1%} of them right, the others {classifier.unknown!r}"
        )
    else:
        lines.append(
            f"cut at score {classifier.default.cut:.3f}{because}; on dev: precision {cut['dev_precision']:.3f}, "
            f"recall {cut['dev_recall']:.3f}"
        )
    return lines


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
    for item in decision.features[:SHOWN_FEATURES]:
        table.add_row(str(item.layer), str(item.index), f"{item.threshold:g}", item.label)
    return table
