"""`python -m bench readme`: the README's tables, written from the JSON that the benchmarks and the recipe leave."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scopesift_features.atomic_files import write_atomically
from scopesift_features.catalogue import bundled_folder

from bench.results_file import RESULTS

README = Path(__file__).parent.parent / "README.md"
MARK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.S)
NAMES = {
    "mean_difference": "residual mean-difference",
    "linear_probe": "linear probe",
    "tfidf": "TF-IDF + logistic regression",
}


def run(check: bool = False) -> None:
    """Write every marked table of the README.

    Args:
        check: Change nothing; fail if a table is not what its JSON says.

    Raises:
        RuntimeError: With `check`, a table is out of date; or a mark names no table.
    """
    text = README.read_text(encoding="utf-8")
    made = MARK.sub(lambda found: found[1] + _table(found[2]) + "\n" + found[3], text)
    if check and made != text:
        raise RuntimeError("the README's tables differ from their JSON; run `python -m bench readme`")
    if made != text:
        write_atomically(README, lambda temporary: temporary.write_text(made, encoding="utf-8"))


def _table(name: str) -> str:
    if name not in TABLES:
        raise RuntimeError(f"README.md asks for the table {name!r}; there are {', '.join(TABLES)}")
    return TABLES[name]()


def _rows(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _three(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _quality(name: str) -> dict[str, Any]:
    path = bundled_folder() / "classifiers" / f"{name}.json"
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
        [name, *(_three(part["by_source"][source][column]) for source in sources for column in columns)]
        for name, part in rules.items()
    ]
    counts = ", ".join(f"{source} {test['by_source'][source]['n']}" for source in sources)
    return _rows(header, rows) + f"\n\nTest documents: {counts}."


def zero_shot() -> str:
    """The English rules on languages whose labels they never saw."""
    quality = _quality("toxicity")["quality"]
    rows = []
    for key in sorted(quality):
        if key.startswith("zero-shot "):
            part = quality[key]
            scores = [_three(part[column]) for column in ("macro_f1", "balanced_accuracy", "f1")]
            rows.append([key.removeprefix("zero-shot "), str(part["n"]), *scores])
    return _rows(["language", "n", "macro-F1", "balanced accuracy", "F1"], rows)


def labels() -> str:
    """Language and domain beside the baselines."""
    rows = []
    for name in ("language", "domain"):
        test = _quality(name)["quality"]["test"]
        for source in [None, *sorted(test["by_source"])]:
            parts = [test, *(test["baselines"][baseline] for baseline in NAMES)]
            if source is not None:
                parts = [part["by_source"][source] for part in parts]
            shown = [f"{_three(part['accuracy'])} / {_three(part['macro_f1'])}" for part in parts]
            rows.append([name, source or "all", str(parts[0]["n"]), f"**{shown[0]}**", *shown[1:]])
    return _rows(["accuracy / macro-F1", "source", "n", "scopesift", *NAMES.values()], rows)


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
    rows = [[code, *(_three(part[at]) for part in parts.values())] for at, code in enumerate(codes)]
    means = [f"**{_three(statistics.mean(part))}**" for part in parts.values()]
    return _rows(["SIB-200 accuracy", *parts], [["**mean over languages**", *means], *rows])


def fidelity() -> str:
    """The SAEs on held-out text."""
    measured = json.loads((bundled_folder() / "measured.json").read_text(encoding="utf-8"))
    rows = []
    for layer, sae in measured["sae"].items():
        twin = _three(measured["twins"][layer]["mean"])
        rows.append([layer, _three(sae["fvu"]), f"{sae['dead']:.1%}", f"{sae['active']:.1f}", twin])
    return _rows(["layer", "FVU", "dead features", "active a token", "English twin among 1,000"], rows)


def waiting() -> str:
    """How long `classify` takes, start-up included."""
    content = json.loads((RESULTS / "classify-cpu.json").read_text(encoding="utf-8"))
    rows = [[name, f"{statistics.median(times):.1f} s"] for name, times in content["seconds"].items()]
    about = f"{content['cores']} cores of {content['device']}, {content['date']}"
    return _rows(["`scopesift classify`, start to answer", f"median of {content['runs']} ({about})"], rows)


TABLES: dict[str, Callable[[], str]] = {
    "toxicity": toxicity,
    "zero_shot": zero_shot,
    "labels": labels,
    "domain_languages": domain_languages,
    "fidelity": fidelity,
    "waiting": waiting,
}
