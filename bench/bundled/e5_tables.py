"""Tables of the quality of the default scope's classifiers, from their artifacts."""

from __future__ import annotations

import json
from typing import Any

from scopesift_classifiers.artifact.bundled import bundled_classifiers
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_features.catalogue.table import bundled_folder

from bench.bundled.baselines import NAMES
from bench.bundled.transfer import transfer_tables
from bench.markdown import markdown, three
from bench.results_file import stored
from recipes.e5.rows import TASK_TYPE
from recipes.task_type.measuring import OWN, SENTENCES, WITHOUT

CLASSIFIERS = {
    "toxicity": "toxicity, English",
    "language": "language, 30",
    "domain": "domain, SIB-200 and MMLU",
    "sentiment": "sentiment, 8 languages",
    "task-type": "task-type, English",
}


def demo() -> str:
    """The demo's sentences with their verdicts."""
    from bench.bundled import demo

    return demo.table(stored("demo-cpu"))


def quality() -> str:
    """Accuracy and macro-F1 of the five classifiers on test rows, beside the baselines of the same run."""
    rows = []
    for name, says in CLASSIFIERS.items():
        test = _quality(name)["test"]
        systems = [test, *(test["baselines"][baseline] for baseline in NAMES)]
        cells = [f"{three(one['accuracy'])} / {three(one['macro_f1'])}" for one in systems]
        rows.append([says, f"{test['n']:,}", f"**{cells[0]}**", *cells[1:]])
    return markdown(["accuracy / macro-F1", "test rows", "scopesift", *NAMES.values()], rows)


def toxicity_languages() -> str:
    """Toxicity in other languages: from English labels alone, from all other languages', and from its own."""
    found = _quality("toxicity")
    rows = []
    for key in sorted(found):
        if not key.startswith("own rule "):
            continue
        code, own = key.removeprefix("own rule "), found[key]
        without = [
            three(found[data]["balanced_accuracy"])
            for data in (f"zero-shot {code}", f"left out {code}", f"left out {code}, 350 unlabelled texts")
        ]
        baselines = [three(own["baselines"][name]["balanced_accuracy"]) for name in NAMES]
        rows.append([code, f"{own['n']:,}", *without, f"**{three(own['balanced_accuracy'])}**", *baselines])
    header = [
        "balanced accuracy",
        "test rows",
        "English labels only",
        "labels of all other languages",
        "with 350 unlabelled texts",
        "own labels",
        *NAMES.values(),
    ]
    return markdown(header, rows)


def task_type() -> str:
    """Precision, recall and F1 of task-type's labels on test rows."""
    found = _quality(TASK_TYPE)["test"]["per_class"]
    rows = [
        [label, f"{own['n']:,}", *(three(own[metric]) for metric in ("precision", "recall", "f1"))]
        for label, own in found.items()
    ]
    return markdown(["label", "test rows", "precision", "recall", "F1"], rows)


def task_type_elsewhere() -> str:
    """Accuracy of task-type by language, on the texts that were written for it and on sentences of SIB-200."""
    quality = _quality(TASK_TYPE)
    own, sentences = (quality[name]["by_lang"] for name in (OWN, SENTENCES))
    rows = [[code, _right(own.get(code)), _right(sentences.get(code))] for code in sorted({*own, *sentences})]
    rows.append(["all", *(f"**{_right(quality[name])}**" for name in (OWN, SENTENCES))])
    return markdown(["accuracy (texts)", "own texts", "SIB-200's sentences (prose)"], rows)


def task_type_left_out() -> str:
    """Recall of task-type on sources: fitted on, and left out of the fit."""
    quality = _quality(TASK_TYPE)
    fitted, without = quality["test"]["by_source"], quality[WITHOUT]["by_source"]
    rows = [
        [source, f"{own['n']:,}", three(fitted[source]["accuracy"]), f"**{three(own['accuracy'])}**"]
        for source, own in without.items()
    ]
    return markdown(["recall", "test rows", "fitted on", "left out"], rows)


def features() -> str:
    """How many features each classifier reads, and how many of them no other one does."""
    found = {name: set(Classifier.load(path).features) for name, path in bundled_classifiers("e5").items()}
    rows = [
        [
            name,
            f"{len(own):,}",
            f"{len(own - set().union(*(other for one, other in found.items() if one != name))):,}",
        ]
        for name, own in found.items()
    ]
    rows.append(["all", f"{len(set().union(*found.values())):,}", ""])
    return markdown(["classifier", "features", "read by no other"], rows)


def _right(measured: dict[str, Any] | None) -> str:
    return "" if measured is None else f"{three(measured['accuracy'])} ({measured['n']:,})"


def transfer() -> str:
    """Transfer from English to the languages of the older sets, beside TF-IDF on the same rows."""
    return transfer_tables(stored("transfer-e5-cpu"))


def _quality(name: str) -> dict[str, Any]:
    path = bundled_folder("e5") / "classifiers" / f"{name}.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["quality"]
    return content
