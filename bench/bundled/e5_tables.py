"""Tables of the quality of the default scope's classifiers, from their artifacts."""

from __future__ import annotations

import json
from typing import Any

from scopesift_features.catalogue.table import bundled_folder

from bench.bundled.baselines import NAMES
from bench.markdown import markdown, three
from bench.results_file import stored

CLASSIFIERS = {
    "toxicity": "toxicity, English",
    "language": "language, 30",
    "domain": "domain, SIB-200 and MMLU",
    "sentiment": "sentiment, 8 languages",
}


def demo() -> str:
    """The demo's sentences with their verdicts."""
    from bench.bundled import demo

    return demo.table(stored("demo-cpu"))


def quality() -> str:
    """Accuracy and macro-F1 of the four classifiers on test rows, beside the baselines of the same run."""
    rows = []
    for name, says in CLASSIFIERS.items():
        test = _quality(name)["test"]
        systems = [test, *(test["baselines"][baseline] for baseline in NAMES)]
        cells = [f"{three(one['accuracy'])} / {three(one['macro_f1'])}" for one in systems]
        rows.append([says, f"{test['n']:,}", f"**{cells[0]}**", *cells[1:]])
    return markdown(["accuracy / macro-F1", "test rows", "scopesift", *NAMES.values()], rows)


def toxicity_languages() -> str:
    """Toxicity in other languages: from English labels alone, and from the language's own."""
    found = _quality("toxicity")
    rows = []
    for key in sorted(found):
        if not key.startswith("own rule "):
            continue
        code, own = key.removeprefix("own rule "), found[key]
        zero = found[f"zero-shot {code}"]["balanced_accuracy"]
        baselines = [three(own["baselines"][name]["balanced_accuracy"]) for name in NAMES]
        rows.append(
            [code, f"{own['n']:,}", three(zero), f"**{three(own['balanced_accuracy'])}**", *baselines]
        )
    header = ["balanced accuracy", "test rows", "English labels only", "own labels", *NAMES.values()]
    return markdown(header, rows)


def _quality(name: str) -> dict[str, Any]:
    path = bundled_folder("e5") / "classifiers" / f"{name}.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["quality"]
    return content
