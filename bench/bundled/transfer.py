"""`python -m bench transfer`: the transfer matrix and the learning curves of the bundled toxicity classifier."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.labelled_rows.rows import LabelledText, read_labelled
from scopesift_classifiers.labelled_rows.sampling import balanced
from scopesift_classifiers.studies.transfer_matrix import transfer_matrix
from scopesift_classifiers.studies.transfer_reasons import CARRIES
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError

from bench.markdown import markdown, three
from bench.results_file import write_result
from recipes.nano.bundled_classifiers import LAYERS

SOURCE, SMALL = "en", "nano"
TRAIN_PER_CLASS, TEST_PER_CLASS = 2000, 500
QUICK_SHARES, QUICK_DRAWS, QUICK_PER_CLASS = (0.1, 1.0), 2, 150
LEAST_TEST = 100
NAME = "transfer"


def run(data: Path, scope: str = "nano", *, quick: bool = False, out: Path | None = None) -> None:
    """Measure transfer from English to every other language of `data`/toxicity, and write and print it.

    Args:
        data: The folder that holds `toxicity/<lang>.jsonl.gz`.
        scope: "nano", or "e5", which is measured with a tenth and all of the labels only.
        quick: Few rows and draws, as a smoke test.
        out: Folder for the JSON; None: `bench/results/`.
    """
    console = Console(stderr=True)
    loaded = Scope.load(scope)
    if scope == SMALL:
        loaded = loaded.only(LAYERS)
    classifier = Classifier.load("toxicity", scope)
    # not the default: that of e5 is fitted on the languages that are measured here too
    english = classifier.by_lang.get(SOURCE, classifier.default)
    pairs, left_out = train_and_test(data, QUICK_PER_CLASS if quick else None)
    extent: dict[str, Any] = {} if scope == SMALL else {"shares": QUICK_SHARES}
    if quick:
        extent = {"shares": QUICK_SHARES, "draws": QUICK_DRAWS}
    measured = transfer_matrix(
        replace(classifier, default=english, by_lang={}),
        Classifier.load("language", scope),
        loaded,
        pairs,
        cache=FeatureCache.default(),
        say=lambda line: console.print(line, highlight=False),
        **extent,
    )
    name = NAME if scope == SMALL else f"{NAME}-{scope}"
    path = write_result(name, {"quick": quick, "source": SOURCE, "left_out": left_out, **measured}, out)
    Console().print(transfer_tables(measured), markup=False, highlight=False, soft_wrap=True)
    console.print(f"wrote {path}", highlight=False)


def train_and_test(
    data: Path, per_class: int | None = None
) -> tuple[dict[str, tuple[LabelledText, LabelledText]], dict[str, str]]:
    """Train and test rows of every language but the source, balanced inside each source of rows.

    Args:
        data: The folder that holds `toxicity/`.
        per_class: Maximum rows per label; None: 2,000 train and 500 test rows.

    Returns:
        The rows by language; and the languages that were left out, with the reason.

    Raises:
        UsageError: There is no language to transfer to.
    """
    pairs, left_out = {}, {}
    for path in sorted((data / "toxicity").glob("*.jsonl.gz")):
        lang = path.name.partition(".")[0]
        if lang == SOURCE:
            continue
        train = read_labelled(path, split="train")
        test = read_labelled(path, split="test")
        test = test.select(np.sort(balanced(test, per_class or TEST_PER_CLASS)))
        if len(test) < LEAST_TEST:
            left_out[lang] = f"{len(test)} test rows after balancing, {LEAST_TEST} are needed"
            continue
        pairs[lang] = (train.select(np.sort(balanced(train, per_class or TRAIN_PER_CLASS))), test)
    if not pairs:
        raise UsageError(f"{data} holds no toxicity/<lang>.jsonl.gz of another language than {SOURCE}")
    return pairs, left_out


def transfer_tables(measured: dict[str, Any]) -> str:
    """Balanced accuracy by language and share, transfer / TF-IDF on the same rows, as a Markdown table."""
    shares = list(measured["summary"]["shares"])
    header = [
        "balanced accuracy",
        "no labels",
        *(f"{float(share):.0%} of labels / TF-IDF" for share in shares),
    ]
    rows = [
        [
            lang,
            three(measured["zero_shot"][lang]["balanced_accuracy"]),
            *(_cell(measured["few"][lang].get(share)) for share in shares),
        ]
        for lang in measured["languages"]
    ]
    zero = float(np.mean([one["balanced_accuracy"] for one in measured["zero_shot"].values()]))
    means = measured["summary"]["shares"].values()
    rows.append(
        [
            "**mean**",
            f"**{three(zero)}**",
            *(
                f"**{three(mean['transfer']['balanced_accuracy'])} / {three(mean['tfidf']['balanced_accuracy'])}**"
                for mean in means
            ),
        ]
    )
    return f"{markdown(header, rows)}\n\n{_kept(measured)}"


def _kept(measured: dict[str, Any]) -> str:
    """Share of the gain over chance that a tenth of the labels keeps, here and for TF-IDF."""
    kept = measured["summary"]["kept_at_tenth"]
    words = []
    for lang in kept["by_lang"]:
        tenth, whole = (
            float(np.mean(measured["few"][lang][share]["tfidf"]["balanced_accuracy"]))
            for share in ("0.1", "1")
        )
        words.append((tenth - 0.5) / (whole - 0.5))
    if not words:
        return f"No language reaches {CARRIES} with all labels."
    least = (
        f" ({', '.join(kept['left_out'])} left out: under {CARRIES} with all labels)"
        if kept["left_out"]
        else ""
    )
    return (
        f"A tenth of the labels keeps {kept['macro']:.2f} of the gain over chance that all of them give (aim: .85), "
        f"for TF-IDF + logistic regression {np.mean(words):.2f}; mean over {', '.join(kept['by_lang'])}{least}."
    )


def _cell(point: dict[str, Any] | None) -> str:
    if point is None:
        return "–"
    own, words = point["balanced_accuracy"], point["tfidf"]["balanced_accuracy"]
    spread = f" ± {np.std(own):.3f}" if len(own) > 1 else ""
    return f"{np.mean(own):.3f}{spread} / {np.mean(words):.3f}"
