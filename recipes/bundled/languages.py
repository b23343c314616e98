"""Languages for the bundled toxicity classifier: each fitted on its own labels with `transfer`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.labelled_rows.rows import LabelledText, join_rows
from scopesift_classifiers.measuring.assessment import baseline_predictions
from scopesift_classifiers.measuring.evaluation import evaluate_binary
from scopesift_classifiers.transfer.transfer import TransferSettings, transfer
from scopesift_features.scope import Scope

RowsOf = Callable[[str, str], LabelledText]


def add_languages(
    classifier: Classifier,
    language: Classifier,
    scope: Scope,
    rows_of: RowsOf,
    codes: Sequence[str],
    say: Callable[[str], None],
    *,
    settings: TransferSettings | None = None,
    cache: FeatureCache | None = None,
) -> Classifier:
    """Add a decision for each language, and its quality on test rows with the predicted language.

    Train and dev rows are used together: the strategy is chosen by cross-validation.

    Args:
        classifier: The toxicity classifier.
        language: The language classifier for routing.
        scope: The scope of both.
        rows_of: (language, split) -> rows.
        codes: The languages.
        say: Called with one line per step.
        settings: Limits of the search.
        cache: Cache of document features.
    """
    for code in codes:
        few = join_rows([rows_of(code, "train"), rows_of(code, "dev")])
        say(f"{classifier.name}: {code} from {len(few)} rows")
        done = transfer(classifier, scope, few, code, settings=settings, cache=cache, say=say)
        test = rows_of(code, "test")
        say(f"{classifier.name}: measuring {done.chosen} on {len(test)} {code} rows, with baselines")
        measured = measure(done.classifier, language, scope, few, test, cache)
        classifier = keep_zero_shot(classifier, done.classifier, code).with_quality(
            f"transfer {code}", measured
        )
    return classifier


def keep_zero_shot(before: Classifier, made: Classifier, code: str) -> Classifier:
    """Rename the default decision's quality in a language, before the new decision's is added."""
    data = f"zero-shot {code}"
    return made.with_quality(data, before.quality[data]) if data in before.quality else made


def measure(
    classifier: Classifier,
    language: Classifier,
    scope: Scope,
    few: LabelledText,
    test: LabelledText,
    cache: FeatureCache | None,
) -> dict[str, Any]:
    """The metrics of `evaluate --json` with this language classifier, and the share of rows per decision."""
    answers = Engine(scope, [classifier, language]).predict(test.texts)
    verdicts = [answer[classifier.name] for answer in answers]
    routes = [verdict.rule for verdict in verdicts]
    measured = evaluate_binary(
        test.labels,
        [verdict.label for verdict in verdicts],
        positive=classifier.labels[0],
        scores_N=[verdict.score for verdict in verdicts],
        langs=test.langs,
        sources=test.sources,
        baselines=baseline_predictions(classifier, scope, few, test, cache),
    )
    return {**measured, "routes": {rule: routes.count(rule) / len(routes) for rule in sorted(set(routes))}}


def languages_of(data: Path, left_out: Sequence[str]) -> list[str]:
    """Codes of the files of `toxicity/`, except some."""
    codes = [path.name.partition(".")[0] for path in sorted((data / "toxicity").glob("*.jsonl.gz"))]
    return [code for code in codes if code not in left_out]
