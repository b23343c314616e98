"""Tables of the quality of nano and its classifiers, from their files."""

from __future__ import annotations

import json
import statistics
from typing import Any

from scopesift_features.catalogue.table import bundled_folder

from bench.bundled.baselines import NAMES
from bench.markdown import markdown, three
from bench.results_file import stored


def _quality(name: str) -> dict[str, Any]:
    path = bundled_folder("nano") / "classifiers" / f"{name}.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def toxicity() -> str:
    """English toxicity per source, beside the report's recipe and the baselines."""
    content = _quality("toxicity")
    test = content["quality"]["test"]
    features = len(content["default"]["features"])
    rules = {f"**scopesift `greedy`, {features} features**": test}
    rules["`paper` preset"] = content["quality"]["test, preset paper"]
    rules |= {NAMES[name]: test["baselines"][name] for name in NAMES}
    sources = sorted(test["by_source"])
    columns = ("f1", "balanced_accuracy")
    header = [
        "test, balanced inside each source",
        *(f"{s} {c.replace('_', ' ')}" for s in sources for c in columns),
    ]
    rows = [
        [name, *(three(part["by_source"][source][column]) for source in sources for column in columns)]
        for name, part in rules.items()
    ]
    counts = ", ".join(f"{source} {test['by_source'][source]['n']}" for source in sources)
    return markdown(header, rows) + f"\n\nTest documents: {counts}."


def zero_shot() -> str:
    """The English rules on languages that they were not fitted on."""
    quality = _quality("toxicity")["quality"]
    rows = []
    for key in sorted(quality):
        if key.startswith("zero-shot "):
            part = quality[key]
            scores = [three(part[column]) for column in ("macro_f1", "balanced_accuracy", "f1")]
            rows.append([key.removeprefix("zero-shot "), str(part["n"]), *scores])
    return markdown(["language", "n", "macro-F1", "balanced accuracy", "F1"], rows)


def labels() -> str:
    """Language and domain beside the baselines."""
    rows = []
    for name in ("language", "domain"):
        test = _quality(name)["quality"]["test"]
        for source in [None, *sorted(test["by_source"])]:
            parts = [test, *(test["baselines"][baseline] for baseline in NAMES)]
            if source is not None:
                parts = [part["by_source"][source] for part in parts]
            shown = [f"{three(part['accuracy'])} / {three(part['macro_f1'])}" for part in parts]
            rows.append([name, source or "all", str(parts[0]["n"]), f"**{shown[0]}**", *shown[1:]])
    return markdown(["accuracy / macro-F1", "source", "n", "scopesift", *NAMES.values()], rows)


def domain_languages() -> str:
    """SIB-200 accuracy by language, and its mean over languages; TF-IDF is fitted on each language by itself."""
    test = _quality("domain")["quality"]["test"]
    codes = sorted(test["tfidf_by_lang"])
    parts = {
        "scopesift": [test["by_lang"][code]["accuracy"] for code in codes],
        "linear probe": [test["baselines"]["linear_probe"]["by_lang"][code]["accuracy"] for code in codes],
        "TF-IDF + logistic regression, each language by itself": [
            test["tfidf_by_lang"][code] for code in codes
        ],
    }
    rows = [[code, *(three(part[at]) for part in parts.values())] for at, code in enumerate(codes)]
    means = [f"**{three(statistics.mean(part))}**" for part in parts.values()]
    return markdown(["SIB-200 accuracy", *parts], [["**mean over languages**", *means], *rows])


def fidelity() -> str:
    """The SAEs on held-out text."""
    measured = json.loads((bundled_folder("nano") / "measured.json").read_text(encoding="utf-8"))
    rows = []
    for layer, sae in measured["sae"].items():
        twin = three(measured["twins"][layer]["mean"])
        rows.append([layer, three(sae["fvu"]), f"{sae['dead']:.1%}", f"{sae['active']:.1f}", twin])
    return markdown(["layer", "FVU", "dead features", "active a token", "English twin among 1,000"], rows)


def own_labels() -> str:
    """Toxicity by language from its own labels: greedy beside paper and the baselines."""
    from bench.bundled import own_labels

    return own_labels.table(stored("own-labels-cpu"))


def transfer() -> str:
    """Quality by share of a language's labels, beside TF-IDF on the same rows."""
    from bench.bundled import transfer

    return transfer.transfer_tables(stored("transfer-cpu"))
