"""`scopesift fit`: labelled text in, classifier artifact out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.artifact.name import check_name
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.fitting.fit import check_fit, fit_tables, read_for_fit
from scopesift_classifiers.fitting.fit_rows import fit_rows
from scopesift_classifiers.fitting.settings import AUTO, GREEDY, LINEAR_FIT, FitSettings
from scopesift_classifiers.labelled_rows.label_value import label_text
from scopesift_classifiers.labelled_rows.rows import LabelledText, join_rows
from scopesift_classifiers.labelled_rows.splits import count_marks
from scopesift_classifiers.measuring.cuts import Requirement
from scopesift_classifiers.measuring.objective import F_BETA, MACRO_F1, RECALL, Objective
from scopesift_classifiers.rule_search.greedy import GreedySettings
from scopesift_classifiers.rule_search.linear import LinearSettings
from scopesift_features.catalogue.table import DEFAULT_SCOPE
from scopesift_features.scope import Scope
from scopesift_files.counted import counted
from scopesift_files.errors import UsageError

from scopesift.commands.choices import (
    BalanceOption,
    DeviceOption,
    FalsePositiveRateOption,
    LabelColumn,
    PrecisionOption,
    RecallOption,
    ScopeOption,
    TextColumn,
    check_output,
)
from scopesift.terminal.streams import messages, reading, say
from scopesift.terminal.tables import Column, FittedTable, numbers

SHOWN_FEATURES = 16
FEW_DEV_ROWS = 100
"""With fewer dev rows a warning says that numbers on them are rough."""
MOST_LABELS = 8
"""Maximum number of labels listed in a message."""


def fit(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the classifier, e.g. toxicity.")],
    train: Annotated[
        Path, typer.Option(help="JSONL, CSV or Parquet (.gz, .zst) with text, label[, lang, source].")
    ],
    dev: Annotated[
        Path | None, typer.Option(help="Dev rows, which choose the number of features and the cut.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File of the artifact; default NAME.json.")] = None,
    scope: ScopeOption = DEFAULT_SCOPE,
    preset: Annotated[
        str,
        typer.Option(
            help="auto: linear, or with many labels the better of linear and log-odds; greedy: few thresholds; "
            "paper, paper-multilayer: the Qwen-Scope report's recipe."
        ),
    ] = AUTO,
    positive: Annotated[str, typer.Option(help="Positive label of a two-label classifier.")] = "toxic",
    unknown: Annotated[
        str, typer.Option(help="Label of a many-label classifier for texts below the cut.")
    ] = "other",
    objective: Annotated[
        str, typer.Option(help="Objective with two labels: macro_f1, f1, f_beta, recall_at_precision.")
    ] = MACRO_F1,
    beta: Annotated[
        float | None, typer.Option(help="For f_beta: weight of recall relative to precision.")
    ] = None,
    precision: PrecisionOption = None,
    recall: RecallOption = None,
    false_positive_rate: FalsePositiveRateOption = None,
    at_least: Annotated[
        str | None,
        typer.Option(
            help="Greedy: how many features must fire; numbers to try, e.g. 1 or 1,2,3 (the default)."
        ),
    ] = None,
    max_features: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=f"Maximum features: linear {LinearSettings().max_features}, greedy {GreedySettings().max_features}.",
        ),
    ] = None,
    max_layer: Annotated[
        int | None, typer.Option(min=0, help="Deepest layer to read: speed against quality.")
    ] = None,
    restore: Annotated[
        bool,
        typer.Option(
            "--restore",
            help="Undo obfuscated spelling (b1tch, b i t c h) before reading, also in use; see docs/hardening.md.",
        ),
    ] = False,
    int8: Annotated[
        bool,
        typer.Option(
            "--int8",
            help="Read e5 in int8, also in use: faster, on the CPU without torch; see docs/performance.md.",
        ),
    ] = False,
    leave_languages_out: Annotated[
        bool,
        typer.Option(
            "--leave-languages-out",
            help="For languages without labels: languages weigh the same, and each is left out in turn to choose "
            "features, penalty and cut; two labels, a column lang.",
        ),
    ] = False,
    balance: BalanceOption = None,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "label",
    no_cache: Annotated[
        bool,
        typer.Option("--no-cache", help="Don't use the feature cache; see docs/fitting.md."),
    ] = False,
    device: DeviceOption = None,
) -> None:
    """Fit a classifier on document features: by default a ridge regression in closed form, no gradient descent.

    If the file has a `split` column, rows marked train are fitted on, rows marked dev choose the number of features and
    the cut (or the file of --dev), rows marked test are not read, and unmarked rows are train rows. Without dev rows a
    fifth of the train rows is held out as dev.

    Example: `scopesift fit toxicity --train en.jsonl.gz --balance 2000 --out toxicity.json`

    Example: `scopesift fit readable --train en.jsonl.gz --preset greedy --max-features 8`

    Example: `scopesift fit toxicity --train many-languages.jsonl --leave-languages-out`

    Example: `scopesift fit strict --train en.jsonl.gz --objective recall_at_precision --precision 0.95`
    """
    check_name(name)
    check_output(out)
    settings = FitSettings(
        preset=preset,
        positive=label_text(positive) or positive,
        unknown=unknown,
        max_layer=max_layer,
        restore=restore,
        leave_languages_out=leave_languages_out,
        objective=_objective(objective, beta, precision),
        precision=precision,
        recall=recall,
        false_positive_rate=false_positive_rate,
        **_extent(preset, max_features, at_least),
    )
    rows, held_out = fit_rows(train, dev, text=text_column, label=label_column, balance=balance)
    if leave_languages_out:
        both = join_rows([rows, held_out])
        languages = sorted({lang for lang in both.langs if lang})
        say(f"{counted(len(both), 'row')} in {len(languages)} languages, each left out in turn")
    else:
        say(f"{counted(len(rows), 'row')} to fit on, {len(held_out)} dev rows")
    _warn_of_rows(train, rows, held_out)
    _refuse_idle(context, rows)
    check_fit(rows, held_out, settings)
    target = out or Path(f"{name}.json")
    loaded = Scope.load(scope, device=device)
    if int8:
        loaded = loaded.in_int8()
    cache = None if no_cache else FeatureCache.default()
    began = time.perf_counter()
    with reading("reading") as progress:
        loaded, table = read_for_fit(loaded, rows, held_out, settings, cache=cache, on_progress=progress)
    read = time.perf_counter()
    classifier = fit_tables(name, loaded, table, rows, held_out, settings, say=say)
    classifier.save(target)
    messages.print(feature_table(classifier))
    for line in summary(classifier, loaded):
        say(line)
    say(f"read in {read - began:.1f} s, fitted in {time.perf_counter() - read:.1f} s")
    say(f"wrote {target} (version {classifier.version}); measure it with `scopesift evaluate {target} DATA`")


def _warn_of_rows(train: Path, rows: LabelledText, held_out: LabelledText) -> None:
    """Print warnings about the rows' splits."""
    marks = count_marks(train)
    if marks[None] and len(marks) > 1:
        say(f"{counted(marks[None], 'row')} of {train.name} without a split: used as train rows")
    known = set(rows.texts)
    shared = sum(text in known for text in held_out.texts)
    if shared:
        say(f"warning: {shared} of {counted(len(held_out), 'dev row')} are also rows to fit on")


def _refuse_idle(context: typer.Context, rows: LabelledText) -> None:
    """Check that no option is given that has no effect with this number of labels.

    Raises:
        UsageError: Names the first such option.
    """
    binary = len(rows.classes) <= 2
    idle = ("unknown",) if binary else ("positive", "objective", "beta", "false_positive_rate")
    for option in idle:
        source = context.get_parameter_source(option)
        if source is not None and source.name == "COMMANDLINE":
            raise UsageError(
                f"--{option.replace('_', '-')} is for {'more than two' if binary else 'two'} labels, {rows.origin} has "
                f"{len(rows.classes)}: {', '.join(rows.classes[:MOST_LABELS])}; leave it out"
            )


def _objective(name: str, beta: float | None, precision: float | None) -> Objective:
    if name == F_BETA and beta is None:
        raise UsageError(f"the objective {F_BETA} needs --beta; 0.5 prefers precision, 2 recall")
    if name != F_BETA and beta is not None:
        raise UsageError(f"--beta belongs to the objective {F_BETA}, not to {name}; leave it out")
    if name == RECALL:
        return Objective(name, precision=precision)
    return Objective(name, beta=1.0 if beta is None else beta)


def _extent(preset: str, max_features: int | None, at_least: str | None) -> dict[str, Any]:
    """Limits of the preset's search; raises for an option that it would ignore."""
    if at_least is not None and preset != GREEDY:
        raise UsageError(f"--at-least is for --preset greedy, not for {preset}; leave it out")
    if max_features is not None and preset not in (AUTO, LINEAR_FIT, GREEDY):
        raise UsageError(
            f"--max-features is for the presets linear and greedy, not for {preset}; leave it out"
        )
    if preset == GREEDY:
        plain = GreedySettings()
        m = plain.at_least if at_least is None else _numbers(at_least)
        return {"greedy": GreedySettings(max_features=max_features or plain.max_features, at_least=m)}
    return {} if max_features is None else {"linear": LinearSettings(max_features=max_features)}


def _numbers(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise UsageError(f"--at-least takes whole numbers above 0 such as 1 or 1,2,3, got {text!r}")
    return tuple(sorted({int(part) for part in parts}))


def summary(classifier: Classifier, scope: Scope) -> list[str]:
    """The layers that the classifier reads, its cut, and its quality on the dev rows."""
    deepest, cut = classifier.deepest_layer, classifier.fit["cut"]
    lines = [
        f"reads {counted(len(classifier.features), 'feature')} up to layer {deepest}, which runs "
        f"{deepest + 1} of {scope.n_layers} blocks (--max-layer N for fewer)"
    ]
    if classifier.restore:
        lines.append("undoes obfuscated spelling before reading (--restore)")
    asked = ", ".join(Requirement(rate, value).describe() for rate, value in cut["asked"].items())
    left_out = classifier.fit.get("left_out")
    measured = "languages left out" if left_out else "dev"
    fires = (
        f", where the objective is highest on {measured}"
        if decision_adds(classifier)
        else ", where the rule fires"
    )
    because = f" for {asked}" if asked else fires
    label_cuts = classifier.default.label_cuts
    at = f"{classifier.default.cut:.3f}"
    if label_cuts:
        at += f" to {max(label_cuts.values()):.3f}, by label,"
    if "dev_answered" in cut:
        lines.append(
            f"cut at score {at}{because} on dev: {cut['dev_answered']:.1%} answered, "
            f"{cut['dev_precision']:.1%} of them right, the others {classifier.unknown!r}"
        )
    else:
        lines.append(
            f"cut at score {at}{because}; on {measured}: precision {cut['dev_precision']:.3f}, "
            f"recall {cut['dev_recall']:.3f}, false-positive rate {cut['dev_false_positive_rate']:.3f}"
        )
    if left_out:
        shown = ", ".join(f"{lang} {found['balanced_accuracy']:.3f}" for lang, found in left_out.items())
        lines.append(f"balanced accuracy in each language by the fit without it: {shown}")
    n_dev = classifier.fit["dev"]["rows"]
    if n_dev < FEW_DEV_ROWS and not left_out:
        lines.append(f"{counted(n_dev, 'dev row')} say little about its quality: measure it on more rows")
    return lines


def decision_adds(classifier: Classifier) -> bool:
    """Whether the default decision has linear rules."""
    return next(iter(classifier.default.rules.values())).adds


def feature_table(classifier: Classifier) -> FittedTable:
    """The features of a fit as a table: all of a short rule, else those with the largest weights."""
    decision = classifier.default
    rules = list(decision.rules.values())
    if rules[0].adds:
        verb = "with weights for or against" if len(rules) == 1 else "with weights for"
        whom = next(iter(decision.rules)) if len(rules) == 1 else f"{len(rules)} labels"
        title = f"{counted(len(decision.features), 'feature')} {verb} {whom}; the largest weights:"
        weights_CS = np.stack([rule.weights_S for rule in rules])
        largest_S = weights_CS[np.abs(weights_CS).argmax(axis=0), np.arange(weights_CS.shape[1])]
        order = np.argsort(-np.abs(largest_S), kind="stable")[:SHOWN_FEATURES]
        column, value = "weight", [f"{largest_S[at]:+.2f}" for at in order]
    else:
        title = f"{next(iter(decision.rules))} when at least {rules[0].m} of these fire"
        order = np.arange(min(len(decision.features), SHOWN_FEATURES))
        column, value = "threshold", [f"{decision.features[at].threshold:g}" for at in order]
    table = FittedTable(
        [Column("feature"), *numbers(column), Column("strongest on", least=16)],
        title=title,
    )
    for at, shown in zip(order.tolist(), value, strict=True):
        item = decision.features[at]
        table.add_row(f"{item.layer}:{item.index}", shown, item.label)
    return table
